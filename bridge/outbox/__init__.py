"""Stage *push*: the relay (USE CASE), its backoff, what a message says, one small file per kind of receiver."""

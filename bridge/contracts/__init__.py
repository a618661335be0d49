"""Contracts: file → pages → read → clauses → the promised delivery date."""

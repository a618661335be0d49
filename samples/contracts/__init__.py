"""Sales contracts and purchase orders with known truth, drawn by a script and then spoilt as scans are."""

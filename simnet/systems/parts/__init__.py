"""Steps that protocols are made of."""

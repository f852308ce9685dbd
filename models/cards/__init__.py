"""Weight files and the cards beside them."""

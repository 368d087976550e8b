"""Results as text and as JSON. Pure: values in, text out; nothing here prints, reads the terminal or the clock."""

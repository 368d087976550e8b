"""The rules that look at the normal form, whatever the dialect: one module each."""

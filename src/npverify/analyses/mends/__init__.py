"""The smallest edits that would let a denied flow through, each made in thought and judged."""

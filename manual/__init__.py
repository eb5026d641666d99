"""What makes the manual: its pages of reference, its pictures, and what MkDocs calls."""

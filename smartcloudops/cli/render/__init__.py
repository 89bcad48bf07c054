"""Everything that prints results: tables, sparklines, JSON documents."""

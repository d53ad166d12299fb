"""Reports: what one or several methods are worth on the same queries, as a page and as numbers."""

"""Pure: who may see what, filters, cursors."""

"""How a process lives: settings, roles, waiting, the clock."""

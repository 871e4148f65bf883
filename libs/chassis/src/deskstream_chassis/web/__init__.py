"""HTTP: commands, problems, tokens, health."""

"""The dashboards of Deskstream, each in a module of its own; files.py says where their JSON is."""

"""HTTP bodies and answers that the gateway and the owners share, a module for each part of the API."""

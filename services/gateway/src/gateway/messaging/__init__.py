"""What is heard: projections of the topics, the rebuild, the live stream."""

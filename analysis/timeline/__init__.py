"""What happened when: the timeline of some samples."""

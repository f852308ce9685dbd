"""When samples are captured."""

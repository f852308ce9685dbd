"""The real network's answers: looked up by the engine, filled in large batches, kept in a memo; and what they cost."""


class DeviceError(Exception):
    """The device asked for is not on this machine; the message is for the user."""

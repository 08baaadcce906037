from tests.support.bluez import bus

__all__ = ["bus"]

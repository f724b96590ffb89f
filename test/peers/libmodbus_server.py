"""A Modbus server of libmodbus, driven through ctypes.

usage: libmodbus_server.py tcp PORT | rtu DEVICE
Holds 100 holding registers of the value 1000 + address for unit 1; prints "ready" once it listens.
"""
import ctypes
import sys

lib = ctypes.CDLL("libmodbus.so.5")
lib.modbus_new_tcp.restype = ctypes.c_void_p
lib.modbus_new_rtu.restype = ctypes.c_void_p


class Mapping(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in (
        "nb_bits", "start_bits", "nb_input_bits", "start_input_bits",
        "nb_input_registers", "start_input_registers", "nb_registers", "start_registers",
    )] + [
        ("tab_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("tab_registers", ctypes.POINTER(ctypes.c_uint16)),
    ]


lib.modbus_mapping_new.restype = ctypes.POINTER(Mapping)


def main():
    kind, where = sys.argv[1], sys.argv[2]
    mapping = lib.modbus_mapping_new(0, 0, 100, 100)
    for i in range(100):
        mapping.contents.tab_registers[i] = 1000 + i
        mapping.contents.tab_input_registers[i] = 2000 + i
    query = (ctypes.c_uint8 * 300)()
    if kind == "tcp":
        ctx = ctypes.c_void_p(lib.modbus_new_tcp(b"127.0.0.1", int(where)))
        socket = ctypes.c_int(lib.modbus_tcp_listen(ctx, 5))
        print("ready", flush=True)
        while True:
            lib.modbus_tcp_accept(ctx, ctypes.byref(socket))
            while True:
                length = lib.modbus_receive(ctx, query)
                if length < 0:
                    break
                if length > 0:
                    lib.modbus_reply(ctx, query, length, mapping)
    ctx = ctypes.c_void_p(lib.modbus_new_rtu(where.encode(), 9600, ctypes.c_char(b"N"), 8, 1))
    lib.modbus_set_slave(ctx, 1)
    lib.modbus_connect(ctx)
    print("ready", flush=True)
    while True:
        length = lib.modbus_receive(ctx, query)
        if length > 0:
            lib.modbus_reply(ctx, query, length, mapping)


main()

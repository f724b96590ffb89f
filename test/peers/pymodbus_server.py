"""A Modbus server of pymodbus: TCP, RTU over TCP, or RTU on a serial line.

usage: pymodbus_server.py tcp|rtu-over-tcp PORT | rtu DEVICE
Prints one line of JSON with what its registers hold once it listens.
"""
import asyncio
import json
import logging
import sys

from pymodbus.constants import Endian
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

logging.disable(logging.CRITICAL)

ORDERS = {
    "ABCD": (Endian.Big, Endian.Big),
    "CDAB": (Endian.Big, Endian.Little),
    "BADC": (Endian.Little, Endian.Big),
    "DCBA": (Endian.Little, Endian.Little),
}
VALUES = [
    ("float32", "add_32bit_float", 230.25),
    ("float64", "add_64bit_float", 50.0625),
    ("uint32", "add_32bit_uint", 305419896),
    ("int32", "add_32bit_int", -123456),
    ("uint64", "add_64bit_uint", 4886718345),
    ("int64", "add_64bit_int", -4886718345),
]


def pymodbus_words(byte_order, word_order, method, value):
    """Registers as pymodbus lays them out."""
    builder = BinaryPayloadBuilder(byteorder=byte_order, wordorder=word_order)
    getattr(builder, method)(value)
    return builder.to_registers()


def main():
    kind, where = sys.argv[1], sys.argv[2]
    registers = [0] * 400
    described = []
    at = 100
    for order, (byte_order, word_order) in ORDERS.items():
        for name, method, value in VALUES:
            words = pymodbus_words(byte_order, word_order, method, value)
            registers[at : at + len(words)] = words
            described.append({"type": name, "order": order, "address": at, "value": value, "words": words})
            at += len(words)
    registers[10], registers[11], registers[12] = 230, 231, 232
    # Address 0 of the wire is 1 in the block of pymodbus.
    units = {unit: ModbusSlaveContext(
        hr=ModbusSequentialDataBlock(1, list(registers)), ir=ModbusSequentialDataBlock(1, list(registers)),
    ) for unit in (1, 2, 3)}
    context = ModbusServerContext(slaves=units, single=False)

    async def serve():
        asyncio.get_running_loop().call_later(0.5, lambda: print(json.dumps(described), flush=True))
        if kind == "rtu":
            await StartAsyncSerialServer(
                context=context, framer=ModbusRtuFramer, port=where, baudrate=19200, timeout=0.05,
                ignore_missing_slaves=True,
            )
        else:
            framer = ModbusRtuFramer if kind == "rtu-over-tcp" else ModbusSocketFramer
            await StartAsyncTcpServer(context=context, framer=framer, address=("127.0.0.1", int(where)))

    asyncio.run(serve())


main()

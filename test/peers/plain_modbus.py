"""Modbus servers for one meter, with nothing but Python's standard library: TCP, and RTU on a serial line.

A meter has `answer(request)`, both without unit id, and `advance()`, which is called at least every 20 ms.
"""
import os
import select
import socket
import struct
import termios
import time
import tty

TICK = 0.02
NO_SUCH_UNIT = 11


def listen(port):
    server = socket.create_server(("127.0.0.1", port))
    server.setblocking(False)
    return server


def serve_tcp(server, meter, unit):
    """Answers requests in the order in which they come, however many are sent at once."""
    buffers = {}
    while True:
        ready, _, _ = select.select([server, *buffers], [], [], TICK)
        meter.advance()
        for one in ready:
            if one is server:
                connection, _ = server.accept()
                connection.setblocking(True)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                buffers[connection] = b""
                continue
            try:
                data = one.recv(4096)
                if not data:
                    raise ConnectionError
                buffers[one] = answer_all(one, buffers[one] + data, meter, unit)
            except OSError:
                one.close()
                del buffers[one]


def answer_all(connection, data, meter, unit):
    """Answers what is whole; returns the rest."""
    while len(data) >= 8:
        transaction, protocol, length = struct.unpack(">HHH", data[:6])
        if protocol != 0 or not 2 <= length <= 254:
            raise ConnectionError
        if len(data) < 6 + length:
            break
        asked, request = data[6], data[7 : 6 + length]
        known = asked in (unit, 0, 255)
        answer = meter.answer(request) if known else bytes([request[0] | 0x80, NO_SUCH_UNIT])
        connection.sendall(struct.pack(">HHHB", transaction, 0, len(answer) + 1, asked) + answer)
        data = data[6 + length :]
    return data


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def open_line(path, baud):
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    settings = termios.tcgetattr(line)
    settings[4] = settings[5] = getattr(termios, f"B{baud}")
    termios.tcsetattr(line, termios.TCSANOW, settings)
    return line


def request_length(data):
    """Bytes of the request that begins here; None where that is not known (yet)."""
    if len(data) < 2:
        return None
    if data[1] in (3, 4, 6):
        return 8
    if data[1] == 16:
        return 9 + data[6] if len(data) > 6 else None
    return None


def serve_rtu(line, baud, meter, unit):
    """One request at a time; a frame ends with its last byte or by silence."""
    character = 11 / baud
    data = b""
    while True:
        ready, _, _ = select.select([line], [], [], TICK)
        meter.advance()
        if ready:
            data += os.read(line, 512)
        length = request_length(data)
        if length is not None and len(data) >= length:
            frame, data = data[:length], data[length:]
        elif data and not ready:
            frame, data = data, b""
        else:
            continue
        if len(frame) < 4 or crc(frame[:-2]) != frame[-2:]:
            # Where the next frame begins is known after a silence only.
            while select.select([line], [], [], TICK)[0]:
                os.read(line, 512)
            data = b""
        elif frame[0] == unit:
            answer = frame[:1] + meter.answer(frame[1:-2])
            # A pseudo terminal has no speed: the time that the bytes would take.
            time.sleep((len(frame) + 3.5 + len(answer)) * character)
            os.write(line, answer + crc(answer))

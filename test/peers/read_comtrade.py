"""Reads a COMTRADE record with the package comtrade and prints what it found, as JSON."""
import json
import sys

import comtrade

record = comtrade.load(*sys.argv[1:])
print(
    json.dumps(
        {
            "revision": record.rev_year,
            "station": record.station_name,
            "frequency": record.frequency,
            "start": record.start_timestamp.isoformat(),
            "channels": list(record.analog_channel_ids),
            "time": [float(t) for t in record.time],
            "analog": [[float(x) for x in channel] for channel in record.analog],
        }
    )
)

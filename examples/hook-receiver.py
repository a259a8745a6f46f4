"""A receiver of hooks: checks the signature, and lets a batch start unless the file `stop` exists.

Start it behind something that speaks HTTPS: HOOK_SECRET=... python3 hook-receiver.py
"""

import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1_000_000))
        stamp = self.headers.get("X-Vmss-Upgrade-Timestamp", "")
        signed = hmac.new(os.environ["HOOK_SECRET"].encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        is_ours = hmac.compare_digest(self.headers.get("X-Vmss-Upgrade-Signature", ""), f"v1={signed}")
        if not is_ours or not stamp.isdecimal() or abs(time.time() - int(stamp)) > 300:
            return self.reply(401, {})
        call = json.loads(body)
        if call["phase"] == "before" and os.path.exists("stop"):
            return self.reply(200, {"decision": "stop", "reason": "an alert is active"})
        print(call["phase"], call["result"], *(each["computer_name"] for each in call["instances"]), flush=True)
        return self.reply(200, {"decision": "go"})

    def reply(self, status, answer):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Receiver).serve_forever()

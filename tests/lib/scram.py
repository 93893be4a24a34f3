# scram.py - a client of SCRAM for the tests: RFC 5802 3, 5
# SPDX-License-Identifier: ISC
#
# usage: scram.py HOST PORT MECHANISM USER PASSWORD [OPTION ...]
#
# Prints the conversation's salt ("salt=..."), and the tagged answer; exits with 0
# for OK.  Options: gs2=y,, (the header), ir (initial response), authzid=NAME,
# cut (leave before the proof), proof (a wrong one), server (expect a wrong
# signature), source=ADDRESS (to connect from), binding=HEX.
import base64
import hashlib
import hmac
import os
import socket
import sys


def b64(octets):
    return base64.b64encode(octets).decode()


host, port, mechanism, user, password = sys.argv[1:6]
options = dict(o.partition('=')[::2] for o in sys.argv[6:])
name = 'sha256' if '256' in mechanism else 'sha1'


def mac(key, text):
    return hmac.new(key, text.encode(), name).digest()


source = (options['source'], 0) if 'source' in options else None
sock = socket.create_connection((host, int(port)), timeout=20,
                                source_address=source)
f = sock.makefile('rwb')


def send(line):
    f.write(line.encode() + b'\r\n')
    f.flush()


def receive():
    while True:
        line = f.readline().decode().rstrip('\r\n')
        if not line:
            sys.exit('closed')
        if line.startswith('a1 '):
            print(line)
            sys.exit(0 if line.startswith('a1 OK') else 1)
        if line.startswith('+ '):
            return base64.b64decode(line[2:]).decode()


f.readline()
gs2 = options.get('gs2', 'n,,')
if 'authzid' in options:
    gs2 = gs2.split(',')[0] + ',a=' + options['authzid'] + ','
nonce = b64(os.urandom(18)).replace(',', '')
bare = 'n=%s,r=%s' % (user.replace('=', '=3D').replace(',', '=2C'), nonce)
first = b64((gs2 + bare).encode())
if 'ir' in options:
    send('a1 AUTHENTICATE %s %s' % (mechanism, first))
else:
    send('a1 AUTHENTICATE ' + mechanism)
    if receive() != '':
        sys.exit('a challenge that is not empty')
    send(first)
server_first = receive()
parts = dict(p.split('=', 1) for p in server_first.split(','))
print('salt=' + parts['s'], 'i=' + parts['i'])
if not parts['r'].startswith(nonce) or parts['r'] == nonce:
    sys.exit('a nonce that is not ours')
if 'cut' in options:
    send('*')
    receive()
salted = hashlib.pbkdf2_hmac(name, password.encode(),
                             base64.b64decode(parts['s']), int(parts['i']))
client_key = mac(salted, 'Client Key')
binding = bytes.fromhex(options.get('binding', ''))
final = 'c=%s,r=%s' % (b64(gs2.encode() + binding), parts['r'])
message = ','.join((bare, server_first, final))
signature = mac(hashlib.new(name, client_key).digest(), message)
proof = bytes(a ^ b for a, b in zip(client_key, signature))
send(b64(('%s,p=%s' % (final, b64(proof))).encode()))
server_final = receive()
want = 'v=' + b64(mac(mac(salted, 'Server Key'), message))
if server_final != want:
    sys.exit('the server does not know the password')
send(options.get('last', ''))
receive()

#!/usr/bin/python3
"""Keys and tokens as an application makes them: by PyJWT, which has nothing in common with what verifies them here.

sign_tokens.py keys FOLDER KID:ALG...      makes keys, and prints the set of their public parts (secrets, of HS256)
sign_tokens.py sign FOLDER KID:ALG CLAIMS  prints a token; CLAIMS is JSON, to which an exp of an hour is added
"""
import base64
import json
import pathlib
import secrets
import sys
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa


def private_key(path, algorithm):
    """The key in the file, which is made if it is not there."""
    if not path.exists():
        if algorithm == 'HS256':
            path.write_bytes(secrets.token_bytes(32))
        else:
            made = (rsa.generate_private_key(public_exponent=65537, key_size=2048) if algorithm == 'RS256'
                    else ed25519.Ed25519PrivateKey.generate())
            path.write_bytes(made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                serialization.NoEncryption()))
    content = path.read_bytes()
    return content if algorithm == 'HS256' else serialization.load_pem_private_key(content, None)


def public_part(key, kid, algorithm):
    if algorithm == 'HS256':
        jwk = {'kty': 'oct', 'k': base64.urlsafe_b64encode(key).rstrip(b'=').decode()}
    else:
        kind = jwt.algorithms.RSAAlgorithm if algorithm == 'RS256' else jwt.algorithms.OKPAlgorithm
        jwk = json.loads(kind.to_jwk(key.public_key()))
    return {**jwk, 'kid': kid, 'alg': algorithm}


def main(action, folder, *words):
    named = [word.split(':') for word in words[:1 if action == 'sign' else None]]
    keys = [(private_key(pathlib.Path(folder) / kid, algorithm), kid, algorithm) for kid, algorithm in named]
    if action == 'keys':
        print(json.dumps({'keys': [public_part(*key) for key in keys]}))
    else:
        [(key, kid, algorithm)] = keys
        claims = {'exp': int(time.time()) + 3600, **json.loads(words[1])}
        print(jwt.encode(claims, key, algorithm=algorithm, headers={'kid': kid}))


main(*sys.argv[1:])

"""A Loqa relay by Python's gRPC, which is another implementation of gRPC and of protobuf (C++): says a command as often as
asked, in the two-chunk form, each when the one before was answered, and prints what it heard as lines of JSON.

Usage: python_relay.py ADDRESS ID COMMANDS < samples (22,050 Hz, 16-bit little-endian)
"""

import json
import queue
import sys
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

RATE_HZ = 22050
FIELD = descriptor_pb2.FieldDescriptorProto
CHUNK = {
    "relay_id": FIELD.TYPE_STRING,
    "audio_data": FIELD.TYPE_BYTES,
    "sample_rate": FIELD.TYPE_INT32,
    "is_wake_word": FIELD.TYPE_BOOL,
    "is_end_of_speech": FIELD.TYPE_BOOL,
    "timestamp": FIELD.TYPE_INT64,
}
RESPONSE = {
    "request_id": FIELD.TYPE_STRING,
    "transcription": FIELD.TYPE_STRING,
    "command": FIELD.TYPE_STRING,
    "response_text": FIELD.TYPE_STRING,
    "success": FIELD.TYPE_BOOL,
    "error": FIELD.TYPE_STRING,
    "response_audio": FIELD.TYPE_BYTES,
    "audio_format": FIELD.TYPE_STRING,
    "audio_duration": FIELD.TYPE_FLOAT,
}


def messages():
    file = descriptor_pb2.FileDescriptorProto(name="loqa.proto", package="loqa.audio", syntax="proto3")
    for name, fields in (("AudioChunk", CHUNK), ("AudioResponse", RESPONSE)):
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            message.field.add(name=field, number=number, type=kind, label=FIELD.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    if hasattr(message_factory, "GetMessageClass"):
        make = message_factory.GetMessageClass
    else:
        make = message_factory.MessageFactory(pool).GetPrototype
    return [make(pool.FindMessageTypeByName("loqa.audio." + name)) for name in ("AudioChunk", "AudioResponse")]


def main(address, relay_id, commands):
    chunk, response = messages()
    audio = sys.stdin.buffer.read()
    turns = queue.Queue()
    turns.put(True)

    def said():
        for _ in range(commands):
            if not turns.get():
                return
            common = {"relay_id": relay_id, "sample_rate": RATE_HZ, "timestamp": time.time_ns()}
            yield chunk(audio_data=audio[: 2 * 2 * RATE_HZ], is_wake_word=True, **common)
            yield chunk(audio_data=audio, is_end_of_speech=True, **common)

    with grpc.insecure_channel(address) as channel:
        stream = channel.stream_stream(
            "/loqa.audio.AudioService/StreamAudio",
            request_serializer=chunk.SerializeToString,
            response_deserializer=response.FromString,
        )
        call = stream(said())
        for heard in call:
            fields = {name: getattr(heard, name) for name in RESPONSE if name != "response_audio"}
            print(json.dumps({**fields, "bytes": len(heard.response_audio)}), flush=True)
            turns.put(True)
        print(json.dumps({"status": call.code().value[0]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

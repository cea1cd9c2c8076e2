"""Messages of Teleport's API. Made by protoc, in the repository's root:

python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. local/teleport/proto/local_teleport.proto
sed -i '1i # mypy: disable-error-code="type-arg"' local/teleport/proto/local_teleport_pb2.pyi
"""

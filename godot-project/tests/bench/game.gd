extends Node
## What server and clients of a benchmark call at each other.

## Calls received.
var received: int = 0


@rpc("authority", "call_remote", "unreliable")
func state_changed(_state: PackedByteArray) -> void:
	received += 1


@rpc("any_peer", "call_remote", "unreliable")
func input_changed(_input: PackedByteArray) -> void:
	received += 1

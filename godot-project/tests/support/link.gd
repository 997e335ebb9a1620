extends Node
## One end of an RPC, for branches of the tree with a [MultiplayerAPI] of their own.

signal called(number: int)


@rpc("any_peer", "reliable")
func ring(number: int) -> void:
	called.emit(number)

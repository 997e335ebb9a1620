extends Node
## A node with one remote procedure for each transfer mode.

var values: Array[int] = []


@rpc("authority", "call_remote", "unreliable", 7)
func a(value: int) -> void:
	values.append(value)


@rpc("authority", "reliable")
func b(value: int) -> void:
	values.append(value)


@rpc("authority", "call_remote", "unreliable_ordered", 2)
func c(value: int) -> void:
	values.append(value)

extends "res://tests/differential/probes/mesh.gd"
## Broadcasts of a mesh, some of which the engine's own class does not survive.

const BROADCASTS: int = 200
const PAYLOAD_BYTES: int = 64


func mesh_unreliable_broadcast_memory_safety() -> void:
	var three_nodes: Dictionary = _broadcast(3, [0, 1])
	step(_in_brief(three_nodes))
	var four_nodes: Dictionary = _broadcast(4, [1])
	step(_in_brief(four_nodes))
	var reliable: Array[Dictionary] = [_broadcast(3, [2]), _broadcast(4, [2])]
	step({
		"copies_intact": reliable[0].intact and reliable[1].intact,
		"copies_received_of_200_broadcasts": {
			"3 nodes": reliable[0].copies,
			"4 nodes": reliable[1].copies,
		},
	})
	var two_nodes: Dictionary = _broadcast(2, [0, 1, 2])
	step(_in_brief(two_nodes))
	var results: Array = [three_nodes, four_nodes, reliable[0], reliable[1], two_nodes]
	var all_intact: bool = results.all(func(result: Dictionary) -> bool: return result.intact)
	step({"required": "every copy intact, no crash" if all_intact else "broken copies"})


## How many unreliable copies arrive depends on the machine.
func _in_brief(result: Dictionary) -> Dictionary:
	return {"copies_intact": result.intact, "some_arrived": result.copies > 0}


## Node 2 of [param count] nodes sends to all, by each of [param modes]; tells what the others got.
func _broadcast(count: int, modes: Array) -> Dictionary:
	_new_mesh(count)
	var nodes: Array = _nodes.values()
	var sender: MultiplayerPeer = _nodes[2]
	var wanted: PackedByteArray = filled(PAYLOAD_BYTES)
	var result: Dictionary = {"copies": 0, "intact": true}
	var take: Callable = func() -> bool:
		for node: MultiplayerPeer in nodes:
			while node.get_available_packet_count() > 0:
				result.copies += 1
				result.intact = result.intact and node.get_packet() == wanted
		return result.copies >= modes.size() * BROADCASTS * (count - 1)
	for mode: int in modes:
		sender.set("transfer_mode", mode)
		for _number: int in BROADCASTS:
			_must(sender.put_packet(wanted))
			poll_until(nodes, take, 0)
	poll_until(nodes, take, PATIENCE_MSEC if modes == [2] else SETTLE_MSEC)
	return result

extends "res://tests/support/scenario.gd"
## One process: where a link of the demo's mesh looks for a peer that is on the lobby's own machine.
## The scenario plays the lobby and the other end.

const OWN_ID: int = 3
## Lower than the own one, so that it is called.
const OTHER_ID: int = 2
## Of this machine, as a lobby sees who joins it there; nobody listens at these.
const SEEN_BY_LOBBY: Array[String] = ["127.0.0.9", "0:0:0:0:0:0:0:1"]
const FRAME_SECONDS: float = 0.01
## Addresses of other machines, set aside for documentation.
const ELSEWHERE: String = "192.0.2.1"
const LOBBY_ELSEWHERE: String = "198.51.100.1"


func run() -> void:
	check_equal(
			MeshPair.seen_from_here(ELSEWHERE, LOBBY_ELSEWHERE), ELSEWHERE,
			"a peer of another machine is where the lobby sees it")
	for place: String in SEEN_BY_LOBBY:
		check_equal(
				MeshPair.seen_from_here(place, LOBBY_ELSEWHERE), LOBBY_ELSEWHERE,
				"a peer that the lobby sees at %s is where the lobby is" % place)
		await _check_link(place)


func _check_link(place: String) -> void:
	var lobby: RefCounted = new_connection()
	check_equal(lobby.create_host_bound(LOCALHOST, port, 1), OK, "a lobby listens")
	var other: RefCounted = new_connection()
	check_equal(other.create_host_bound(LOCALHOST, 0, 1), OK, "the other end listens beside it")
	var pair := MeshPair.new(OWN_ID, OTHER_ID)
	pair.start(LOCALHOST, port)
	var is_linked: Callable = func() -> bool:
		_answer(lobby, [MeshLobby.Message.PLACE, place, other.get_local_port()])
		other.service(0)
		pair.update(FRAME_SECONDS)
		return pair.state == MeshPair.State.LINKED and other.get_peers().size() == 1
	await until(is_linked, "a link to the other end is there when the lobby tells %s" % place)
	pair.connection.destroy()
	for connection: RefCounted in [lobby, other]:
		connection.destroy()


## Answers whoever asks [param lobby] for a place, and lets it go.
func _answer(lobby: RefCounted, place: Array) -> void:
	var event: Array = lobby.service(0)
	if event[0] == EVENT_RECEIVE:
		event[1].put_var(place)
		event[1].peer_disconnect_later()

extends "res://tests/support/scenario.gd"
## One process: a script that extends the class plays both sides of a session under a
## [MultiplayerAPI].

const Endpoint = preload("res://tests/support/endpoint.gd")
const Link = preload("res://tests/support/link.gd")
const SUBCLASS_SOURCE: String = """
extends %s

var greeting: String = "hello"


func server_at(port: int) -> Error:
	return create_server(port, 4)


func connect_to(port: int) -> Error:
	return create_client("127.0.0.1", port)
"""


func run() -> void:
	# The class is an argument, so the script that extends it is made here.
	var script := GDScript.new()
	script.source_code = SUBCLASS_SOURCE % peer_class
	if not check_equal(script.reload(), OK, "a script extends the class"):
		return
	var server: MultiplayerPeer = script.new()
	var client: MultiplayerPeer = script.new()
	check(server is MultiplayerPeer, "an object of it is a MultiplayerPeer")
	check_equal(server.get_class(), peer_class, "get_class names the class below the script")
	check_equal(server.get("greeting"), "hello", "it has what the script adds")
	check_equal(server.server_at(port), OK, "the script's own method makes a server")
	check_equal(client.connect_to(port), OK, "and a client")
	await _ring(server, client)
	server.close()
	client.close()


func _ring(server: MultiplayerPeer, client: MultiplayerPeer) -> void:
	var rung: Array = []
	var links: Array[Link] = []
	for peer: MultiplayerPeer in [server, client]:
		var branch := Node.new()
		branch.name = "Branch%d" % links.size()
		add_child(branch)
		var api := SceneMultiplayer.new()
		get_tree().set_multiplayer(api, branch.get_path())
		api.multiplayer_peer = peer
		var link := Link.new()
		link.name = "Link"
		link.called.connect(rung.append)
		branch.add_child(link)
		links.append(link)
	var are_connected: Callable = func() -> bool:
		return links.all(func(link: Link) -> bool: return not link.multiplayer.get_peers().is_empty())
	if await until(are_connected, "they connect under an API"):
		links[0].ring.rpc(1)
		links[1].ring.rpc(2)
		var is_rung: Callable = func() -> bool: return rung.has(1) and rung.has(2)
		await until(is_rung, "calls arrive both ways")
	for link: Link in links:
		link.multiplayer.multiplayer_peer = null
		get_tree().set_multiplayer(null, link.get_parent().get_path())

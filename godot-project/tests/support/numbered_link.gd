extends RefCounted
## One end of a connection whose packets are numbered and whose content both ends know beforehand.
##
## It sends and takes two reliable streams, on channels of their own, unreliable and ordered packets,
## and counts what came out of turn, twice or damaged.

## First byte of a packet; the number follows, as four bytes. The first two are the reliable streams.
enum Kind { RELIABLE, OTHER_RELIABLE, UNRELIABLE, ORDERED, OVER, KICK, KICK_AT_ONCE }

const STREAMS: int = 2
## The transfer channel of the second reliable stream.
const OTHER_CHANNEL: int = 2
const HEADER_LEN: int = 5
## Every so many packets of a reliable stream one is of [constant LONG_LEN] bytes: several fragments.
const LONG_EVERY: int = 40
const LONG_LEN: int = 6000
const SHORT_LEN: int = 12
const SPREAD_LEN: int = 200
const BLOCK_LEN: int = 1 << 16

## What every content is cut from.
static var _block: PackedByteArray = _random_block()

var peer: MultiplayerPeer
## Whom to send to.
var target: int = 1
## Of the client, on both sides.
var id: int = 0
var is_of_server: bool = false
var sent: Array[int] = [0, 0]
var received: Array[int] = [0, 0]
var unreliable_sent: int = 0
var unreliable_received: int = 0
## Packets that came twice, too early or too late where there is an order.
var out_of_turn: int = 0
## Packets that are not what the other side sent.
var damaged: int = 0
## Packets that [method MultiplayerPeer.put_packet] did not take.
var refused: int = 0
## What the other side says it sent; empty until it has.
var announced: Array[int] = []
## [constant KICK] or [constant KICK_AT_ONCE], once the other side has asked for it, else -1.
var kick: int = -1
## Nothing more is to be sent.
var has_said_over: bool = false

var _next: Array[int] = [0, 0]
var _unreliable_numbers: int = 0
var _ordered_numbers: int = 0
var _last_ordered: int = -1


func _init(link_peer: MultiplayerPeer, link_target: int, client: int) -> void:
	peer = link_peer
	target = link_target
	id = client
	is_of_server = link_target != 1


## One packet of each kind; the reliable streams take turns.
func send_frame() -> void:
	var stream: int = int(sent[0] > sent[1])
	sent[stream] += int(_send(stream, sent[stream], MultiplayerPeer.TRANSFER_MODE_RELIABLE))
	unreliable_sent += int(_send(Kind.UNRELIABLE, _unreliable_numbers, MultiplayerPeer.TRANSFER_MODE_UNRELIABLE))
	_unreliable_numbers += 1
	unreliable_sent += int(_send(Kind.ORDERED, _ordered_numbers, MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED))
	_ordered_numbers += 1


## Tells how much was sent; nothing may be sent behind it.
func say_over() -> void:
	has_said_over = true
	var bytes := _header(Kind.OVER, sent[0])
	bytes.resize(HEADER_LEN + 4)
	bytes.encode_u32(HEADER_LEN, sent[1])
	_put(bytes, 0, MultiplayerPeer.TRANSFER_MODE_RELIABLE)


func ask_for_kick(kind: Kind) -> void:
	_put(_header(kind, 0), 0, MultiplayerPeer.TRANSFER_MODE_RELIABLE)


func take(bytes: PackedByteArray) -> void:
	if bytes.size() < HEADER_LEN:
		damaged += 1
		return
	var kind: int = bytes[0]
	var number: int = bytes.decode_u32(1)
	match kind:
		Kind.OVER:
			announced = [number, bytes.decode_u32(HEADER_LEN)]
		Kind.KICK, Kind.KICK_AT_ONCE:
			kick = kind
		_:
			damaged += int(bytes != _packet(kind, number, not is_of_server))
			_count(kind, number)


## Whether all that the other side sent has come.
func has_all() -> bool:
	return not announced.is_empty() and received == announced


func account() -> Dictionary:
	return {
		"id": id, "sent": sent, "received": received, "out_of_turn": out_of_turn, "damaged": damaged,
		"refused": refused, "unreliable_sent": unreliable_sent, "unreliable_received": unreliable_received,
	}


func _count(kind: int, number: int) -> void:
	match kind:
		Kind.RELIABLE, Kind.OTHER_RELIABLE:
			out_of_turn += int(number != _next[kind])
			_next[kind] = number + 1
			received[kind] += 1
		Kind.UNRELIABLE:
			unreliable_received += 1
		Kind.ORDERED:
			out_of_turn += int(number <= _last_ordered)
			_last_ordered = number
			unreliable_received += 1


func _send(kind: int, number: int, mode: MultiplayerPeer.TransferMode) -> bool:
	return _put(_packet(kind, number, is_of_server), OTHER_CHANNEL if kind == Kind.OTHER_RELIABLE else 0, mode)


func _put(bytes: PackedByteArray, channel: int, mode: MultiplayerPeer.TransferMode) -> bool:
	peer.set_target_peer(target)
	peer.transfer_channel = channel
	peer.transfer_mode = mode
	var is_taken: bool = peer.put_packet(bytes) == OK
	refused += int(not is_taken)
	return is_taken


func _packet(kind: int, number: int, from_server: bool) -> PackedByteArray:
	var mixed: int = (number * 0x9E3779B1 + id * 31 + kind * 7 + int(from_server)) & 0x7FFFFFFF
	var is_long: bool = kind < STREAMS and number % LONG_EVERY == LONG_EVERY - 1
	var size: int = LONG_LEN if is_long else SHORT_LEN + (mixed >> 8) % SPREAD_LEN
	var start: int = mixed % (BLOCK_LEN - size)
	var bytes := _header(kind, number)
	bytes.append_array(_block.slice(start, start + size))
	return bytes


static func _header(kind: int, number: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(HEADER_LEN)
	bytes[0] = kind
	bytes.encode_u32(1, number)
	return bytes


static func _random_block() -> PackedByteArray:
	var random := RandomNumberGenerator.new()
	random.seed = 1
	var words := PackedInt32Array()
	words.resize(BLOCK_LEN >> 2)
	for index: int in words.size():
		words[index] = random.randi()
	return words.to_byte_array()

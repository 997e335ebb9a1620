extends RefCounted
## A class as its page in the editor's help describes it, for comparison with what ClassDB knows.

const FOLDER: String = "../rust/enet-godot/doc_classes"

var name: String = ""
var inherits: String = ""
var brief: String = ""
var description: String = ""
## Signatures and texts by name; see [method signature_of].
var methods: Dictionary = {}
var members: Dictionary = {}
var constants: Dictionary = {}


## The page of [param class_id], or null if it cannot be read.
static func load_page(class_id: String) -> RefCounted:
	var folder: String = ProjectSettings.globalize_path("res://").path_join(FOLDER)
	var parser := XMLParser.new()
	if parser.open(folder.path_join(class_id + ".xml")) != OK:
		return null
	var page: RefCounted = new()
	page.call("_read", parser)
	return page


## How a method is declared, such as [code]create_mesh(unique_id: int) -> int Error[/code].
static func signature_of(method: Dictionary) -> String:
	var parameters: Array[String] = []
	var arguments: Array = method.args
	var first_default: int = arguments.size() - (method.default_args as Array).size()
	for index: int in arguments.size():
		var text: String = "%s: %s" % [arguments[index].name, type_of(arguments[index])]
		if index >= first_default:
			text += " = " + var_to_str(method.default_args[index - first_default])
		parameters.append(text)
	var result: String = "%s(%s) -> %s" % [method.name, ", ".join(parameters), type_of(method.return)]
	return result + (" const" if method.flags & METHOD_FLAG_CONST else "")


static func type_of(property: Dictionary) -> String:
	match int(property.type):
		TYPE_NIL:
			return "void"
		TYPE_INT when property.usage & PROPERTY_USAGE_CLASS_IS_ENUM:
			return "int " + property.class_name
		TYPE_OBJECT:
			return property.class_name
		TYPE_ARRAY when property.hint == PROPERTY_HINT_ARRAY_TYPE:
			return property.hint_string + "[]"
	return type_string(property.type)


## The GDScript of the description's example.
func example() -> String:
	return description.get_slice("[codeblock]", 1).get_slice("[/codeblock]", 0).dedent().strip_edges()


func _read(parser: XMLParser) -> void:
	var entry: Dictionary = {}
	var text: String = ""
	while parser.read() == OK:
		match parser.get_node_type():
			XMLParser.NODE_ELEMENT:
				text = ""
				entry = _begin(parser, entry)
			XMLParser.NODE_TEXT:
				text += parser.get_node_data()
			XMLParser.NODE_ELEMENT_END:
				_end(parser.get_node_name(), entry, text.dedent().strip_edges())


func _begin(parser: XMLParser, entry: Dictionary) -> Dictionary:
	var attributes: Dictionary = {}
	for index: int in parser.get_attribute_count():
		attributes[parser.get_attribute_name(index)] = parser.get_attribute_value(index)
	match parser.get_node_name():
		"class":
			name = attributes.name
			inherits = attributes.inherits
		"method":
			entry = {"name": attributes.name, "parameters": [], "names": [], "text": ""}
			entry.const = attributes.get("qualifiers", "")
			methods[attributes.name] = entry
		"return":
			entry.returns = _type(attributes)
		"param":
			var parameter: String = "%s: %s" % [attributes.name, _type(attributes)]
			if attributes.has("default"):
				parameter += " = " + attributes.default
			entry.parameters.append(parameter)
			entry.names.append(attributes.name)
		"member":
			entry = {"text": "", "signature": "%s from %s" % [_type(attributes), attributes.getter]}
			members[attributes.name] = entry
		"constant":
			entry = {"text": "", "signature": "%s %s" % [attributes.get("enum", ""), attributes.value]}
			constants[attributes.name] = entry
	return entry


func _end(element: String, entry: Dictionary, text: String) -> void:
	match element:
		"brief_description":
			brief = text
		"description" when methods.is_empty():
			description = text
		"description", "member", "constant":
			entry.text = text
		"method":
			var words: Array = [entry.name, ", ".join(entry.parameters), entry.returns, entry.const]
			entry.signature = ("%s(%s) -> %s %s" % words).strip_edges()


static func _type(attributes: Dictionary) -> String:
	return (attributes.type + " " + attributes.get("enum", "")).strip_edges()

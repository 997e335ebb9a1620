/*
 * A host of the C library, run by lines on standard input, its socket and clock replaced by lines as well: the
 * definitions of enet_socket_* and enet_time_get below take the place of the library's own at load time.
 *
 * Commands, one a line, fields separated by one space, bytes as hex ("-" is none), addresses as host order numbers:
 *   connect HOST PORT CHANNELS DATA
 *   send CHANNEL FLAGS BYTES             answers "accepted 1" or "accepted 0"
 *   end disconnect|now|later DATA
 *   datagram HOST PORT BYTES             waits for the next "service"
 *   service MILLISECONDS                 answers any number of "datagram HOST PORT BYTES", "connected DATA",
 *                                        "disconnected DATA", "received CHANNEL FLAGS BYTES", then "done"
 *   memory                               answers "memory BYTES": what the library has allocated and not freed
 *
 * Arguments: PEERS CHANNELS INCOMING_BANDWIDTH OUTGOING_BANDWIDTH RANGE_CODER CHECKSUM
 */
#include <enet/enet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct datagram {
    ENetAddress from;
    size_t length;
    unsigned char *data;
    struct datagram *next;
};

static struct datagram *incoming, **incoming_end = &incoming;
static enet_uint32 now;
static ENetPeer *peer;
static size_t allocated;

static void fail(const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    exit(1);
}

/* In front of each allocation stands its size, in as much room as keeps the rest aligned. */
#define SIZE_ROOM 16

static void *ENET_CALLBACK counting_malloc(size_t size)
{
    unsigned char *memory = malloc(SIZE_ROOM + size);

    if (memory == NULL)
        fail("out of memory");
    memcpy(memory, &size, sizeof size);
    allocated += size;
    return memory + SIZE_ROOM;
}

static void ENET_CALLBACK counting_free(void *memory)
{
    size_t size;

    if (memory == NULL)
        return;
    memcpy(&size, (unsigned char *) memory - SIZE_ROOM, sizeof size);
    allocated -= size;
    free((unsigned char *) memory - SIZE_ROOM);
}

static void print_bytes(const unsigned char *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    size_t i;

    if (length == 0)
        putchar('-');
    for (i = 0; i < length; ++i) {
        putchar(digits[data[i] >> 4]);
        putchar(digits[data[i] & 15]);
    }
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    fail("bad hex");
    return 0;
}

/* Turns the hex at `text` into bytes, in place. */
static size_t parse_bytes(char *text)
{
    size_t i, length = strcspn(text, "\n") / 2;

    if (text[0] == '-')
        return 0;
    for (i = 0; i < length; ++i)
        text[i] = (char) (digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return length;
}

enet_uint32 enet_time_get(void)
{
    return now;
}

ENetSocket enet_socket_create(ENetSocketType type)
{
    (void) type;
    return 0;
}

int enet_socket_bind(ENetSocket socket, const ENetAddress *address)
{
    (void) socket, (void) address;
    return 0;
}

int enet_socket_get_address(ENetSocket socket, ENetAddress *address)
{
    (void) socket, (void) address;
    return -1;
}

int enet_socket_set_option(ENetSocket socket, ENetSocketOption option, int value)
{
    (void) socket, (void) option, (void) value;
    return 0;
}

void enet_socket_destroy(ENetSocket socket)
{
    (void) socket;
}

int enet_socket_send(ENetSocket socket, const ENetAddress *to, const ENetBuffer *buffers, size_t count)
{
    size_t i, length = 0;

    (void) socket;
    printf("datagram %u %u ", ENET_NET_TO_HOST_32(to->host), to->port);
    for (i = 0; i < count; ++i) {
        if (buffers[i].dataLength > 0)
            print_bytes(buffers[i].data, buffers[i].dataLength);
        length += buffers[i].dataLength;
    }
    putchar('\n');
    return (int) length;
}

int enet_socket_receive(ENetSocket socket, ENetAddress *from, ENetBuffer *buffers, size_t count)
{
    struct datagram *first = incoming;
    size_t length;

    (void) socket;
    if (first == NULL || count != 1)
        return 0;
    if (first->length > buffers[0].dataLength)
        fail("oversized datagram");
    *from = first->from;
    length = first->length;
    memcpy(buffers[0].data, first->data, length);
    incoming = first->next;
    if (incoming == NULL)
        incoming_end = &incoming;
    free(first->data);
    free(first);
    return (int) length;
}

static void queue_datagram(unsigned host, unsigned port, char *bytes)
{
    struct datagram *datagram = malloc(sizeof *datagram);

    if (datagram == NULL)
        fail("out of memory");
    datagram->from.host = ENET_HOST_TO_NET_32(host);
    datagram->from.port = (enet_uint16) port;
    datagram->length = parse_bytes(bytes);
    datagram->data = malloc(datagram->length + 1);
    if (datagram->data == NULL)
        fail("out of memory");
    memcpy(datagram->data, bytes, datagram->length);
    datagram->next = NULL;
    *incoming_end = datagram;
    incoming_end = &datagram->next;
}

/* The MTU of 1.3.18, which is smaller than that of older releases; those also keep one in each free slot. */
static void set_mtu(ENetHost *host)
{
    size_t i;

    host->mtu = 1392;
    for (i = 0; i < host->peerCount; ++i)
        host->peers[i].mtu = host->mtu;
}

static void connect_to(ENetHost *host, unsigned address, unsigned port, unsigned channels, unsigned data)
{
    ENetAddress to;

    to.host = ENET_HOST_TO_NET_32(address);
    to.port = (enet_uint16) port;
    peer = enet_host_connect(host, &to, channels, data);
    if (peer == NULL)
        fail("no free slot");
}

static void send_packet(unsigned channel, unsigned flags, char *bytes)
{
    ENetPacket *packet = enet_packet_create(bytes, parse_bytes(bytes), flags);
    int accepted = enet_peer_send(peer, (enet_uint8) channel, packet) == 0;

    if (!accepted)
        enet_packet_destroy(packet);
    printf("accepted %d\n", accepted);
}

static void end(const char *how, unsigned data)
{
    if (strcmp(how, "disconnect") == 0)
        enet_peer_disconnect(peer, data);
    else if (strcmp(how, "now") == 0)
        enet_peer_disconnect_now(peer, data);
    else if (strcmp(how, "later") == 0)
        enet_peer_disconnect_later(peer, data);
    else
        fail("bad goodbye");
}

static void service(ENetHost *host)
{
    ENetEvent event;
    int result;

    while ((result = enet_host_service(host, &event, 0)) > 0) {
        switch (event.type) {
        case ENET_EVENT_TYPE_CONNECT:
            peer = event.peer;
            printf("connected %u\n", event.data);
            break;
        case ENET_EVENT_TYPE_DISCONNECT:
            printf("disconnected %u\n", event.data);
            break;
        case ENET_EVENT_TYPE_RECEIVE:
            printf("received %u %u ", event.channelID, event.packet->flags);
            print_bytes(event.packet->data, event.packet->dataLength);
            putchar('\n');
            enet_packet_destroy(event.packet);
            break;
        default:
            fail("unknown event");
        }
    }
    if (result < 0)
        fail("service failed");
    printf("done\n");
}

int main(int argc, char **argv)
{
    const ENetCallbacks callbacks = {counting_malloc, counting_free, NULL};
    ENetHost *host;
    char *line = NULL, how[16];
    size_t capacity = 0;
    unsigned a, b, c, d;
    int at;

    if (argc != 7 || enet_initialize_with_callbacks(ENET_VERSION, &callbacks) != 0)
        fail("bad arguments");
    host = enet_host_create(NULL, (size_t) atoi(argv[1]), (size_t) atoi(argv[2]), (enet_uint32) atoi(argv[3]),
                            (enet_uint32) atoi(argv[4]));
    if (host == NULL)
        fail("no host");
    set_mtu(host);
    if (atoi(argv[5]) && enet_host_compress_with_range_coder(host) != 0)
        fail("no range coder");
    if (atoi(argv[6]))
        host->checksum = enet_crc32;

    while (getline(&line, &capacity, stdin) > 0) {
        if (sscanf(line, "connect %u %u %u %u", &a, &b, &c, &d) == 4)
            connect_to(host, a, b, c, d);
        else if (sscanf(line, "send %u %u %n", &a, &b, &at) == 2)
            send_packet(a, b, line + at);
        else if (sscanf(line, "end %15s %u", how, &a) == 2)
            end(how, a);
        else if (sscanf(line, "datagram %u %u %n", &a, &b, &at) == 2)
            queue_datagram(a, b, line + at);
        else if (sscanf(line, "service %u", &now) == 1)
            service(host);
        else if (strcmp(line, "memory\n") == 0)
            printf("memory %zu\n", allocated);
        else
            fail("bad command");
        fflush(stdout);
    }
    enet_host_destroy(host);
    enet_deinitialize();
    free(line);
    return 0;
}

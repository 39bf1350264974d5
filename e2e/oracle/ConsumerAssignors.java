import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Java's assignors of consumers. A line is "ASSIGNOR TOPICS MEMBERS": "t:xy/z/-,u:x" or "-", with the
 * racks of each partition, a letter each, or "-" for none; and for each member its id, a
 * slash and its instance or "-", "=" and its subscription in hex, with ";" between them. It is answered with each
 * member's partitions, and after a tab for each member the subscription as Java writes it and its assignment.
 */
public class ConsumerAssignors {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ");
            Map<String, List<PartitionInfo>> topics = new TreeMap<>();
            for (String topic : parts[1].equals("-") ? new String[0] : parts[1].split(",")) {
                String name = topic.split(":")[0];
                String[] partitions = topic.split(":")[1].split("/");
                List<PartitionInfo> infos = new ArrayList<>();
                for (int number = 0; number < partitions.length; number++) {
                    Node[] nodes = nodes(partitions[number]);
                    infos.add(new PartitionInfo(name, number, Node.noNode(), nodes, nodes));
                }
                topics.put(name, infos);
            }
            Map<String, Subscription> members = new TreeMap<>();
            for (String member : parts[2].split(";")) {
                String[] halves = member.split("=");
                String[] names = halves[0].split("/");
                ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(halves[1]));
                Subscription subscription = ConsumerProtocol.deserializeSubscription(bytes);
                subscription.setGroupInstanceId(names[1].equals("-") ? Optional.empty() : Optional.of(names[1]));
                members.put(names[0], subscription);
            }
            // Before the assignors read them: what they have read is gone from the buffers.
            Map<String, String> written = new TreeMap<>();
            members.forEach((id, it) -> written.put(id, hex(ConsumerProtocol.serializeSubscription(it))));
            Map<String, List<TopicPartition>> given = new TreeMap<>(assignor(parts[0]).assignPartitions(topics, members));
            System.out.println(shown(given) + "\t" + bytes(written, given));
        }
        System.out.flush();
    }

    private static AbstractPartitionAssignor assignor(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
    }

    /** A replica in each rack, or one of which no rack is known. */
    private static Node[] nodes(String racks) {
        if (racks.equals("-")) {
            return new Node[] {Node.noNode()};
        }
        return racks.chars().mapToObj(it -> new Node(it, "h", 1, Character.toString(it))).toArray(Node[]::new);
    }

    private static String shown(Map<String, List<TopicPartition>> given) {
        return given.entrySet().stream().map(it -> {
            List<String> names = new ArrayList<>();
            it.getValue().forEach(partition -> names.add(partition.toString()));
            Collections.sort(names);
            return it.getKey() + "=" + String.join(",", names);
        }).collect(Collectors.joining(";"));
    }

    private static String bytes(Map<String, String> written, Map<String, List<TopicPartition>> given) {
        return written.entrySet().stream().map(it -> {
            Assignment assignment = new Assignment(given.get(it.getKey()));
            return it.getValue() + "," + hex(ConsumerProtocol.serializeAssignment(assignment));
        }).collect(Collectors.joining(";"));
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return HexFormat.of().formatHex(copy);
    }
}

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.apache.kafka.connect.runtime.distributed.ConnectProtocol;
import org.apache.kafka.connect.runtime.distributed.ExtendedAssignment;
import org.apache.kafka.connect.runtime.distributed.ExtendedWorkerState;
import org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeConnectProtocol;

/**
 * Reads lines "metadata|assignment VERSION HEX"; answers each with the fields that Java reads from the bytes, a tab, and
 * the bytes that Java writes for them under that version.
 */
public class GroupProtocol {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ");
            int version = Integer.parseInt(parts[1]);
            ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(parts[2]));
            String answer = parts[0].equals("metadata") ? metadata(version, bytes) : assignment(version, bytes);
            System.out.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
        }
        System.out.flush();
    }

    private static String metadata(int version, ByteBuffer bytes) {
        if (version == 0) {
            ConnectProtocol.WorkerState state = ConnectProtocol.deserializeMetadata(bytes);
            return state.url() + " " + state.offset() + " none\t" + hex(ConnectProtocol.serializeMetadata(state));
        }
        ExtendedWorkerState state = IncrementalCooperativeConnectProtocol.deserializeMetadata(bytes);
        ExtendedAssignment held = state.assignment();
        String fields = held == ExtendedAssignment.empty() ? "none" : fields(held);
        return state.url() + " " + state.offset() + " " + fields + "\t"
            + hex(IncrementalCooperativeConnectProtocol.serializeMetadata(state, version == 2));
    }

    private static String assignment(int version, ByteBuffer bytes) {
        if (version == 0) {
            ConnectProtocol.Assignment it = ConnectProtocol.deserializeAssignment(bytes);
            return common(it) + " [] [] 0\t" + hex(ConnectProtocol.serializeAssignment(it));
        }
        ExtendedAssignment it = IncrementalCooperativeConnectProtocol.deserializeAssignment(bytes);
        return fields(it) + "\t" + hex(IncrementalCooperativeConnectProtocol.serializeAssignment(it, version == 2));
    }

    private static String fields(ExtendedAssignment it) {
        return common(it) + " " + list(it.revokedConnectors()) + " " + list(it.revokedTasks()) + " " + it.delay();
    }

    private static String common(ConnectProtocol.Assignment it) {
        return it.error() + " " + it.leader() + " " + it.leaderUrl() + " " + it.offset()
            + " " + list(it.connectors()) + " " + list(it.tasks());
    }

    private static String list(Collection<?> values) {
        return values.stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
    }

    private static String hex(ByteBuffer bytes) {
        byte[] array = new byte[bytes.remaining()];
        bytes.get(array);
        return HexFormat.of().formatHex(array);
    }
}

package org.apache.kafka.connect.runtime.distributed;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeAssignor.ClusterAssignment;
import org.apache.kafka.connect.runtime.distributed.WorkerCoordinator.ConnectorsAndTasks;
import org.apache.kafka.connect.storage.AppliedConnectorConfig;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.util.ConnectorTaskId;

/**
 * Java's assignor, round by round. "new DELAY" starts a leader; "round NOW LAST GENERATION CONNECTORS MEMBERS" is one
 * round ("c1:4,c2:4" and "w1=c1,c1-0;w2="), answered with the delay and each member's assigned and revoked work.
 */
public class Assignor {
    private static long now;

    public static void main(String[] arguments) throws Exception {
        Time time = (Time) Proxy.newProxyInstance(Assignor.class.getClassLoader(), new Class<?>[] {Time.class},
            (proxy, method, values) -> {
                if (method.getName().equals("milliseconds")) {
                    return now;
                }
                throw new UnsupportedOperationException(method.getName());
            });
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        IncrementalCooperativeAssignor assignor = null;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ", -1);
            if (parts[0].equals("new")) {
                assignor = new IncrementalCooperativeAssignor(new LogContext(), time, Integer.parseInt(parts[1]));
                continue;
            }
            now = Long.parseLong(parts[1]);
            Map<String, ConnectorsAndTasks> members = members(parts[5]);
            ClusterAssignment result = assignor.performTaskAssignment(configured(parts[4]),
                Integer.parseInt(parts[2]), Integer.parseInt(parts[3]), members(parts[5]));
            StringBuilder answer = new StringBuilder().append(assignor.delay);
            for (String member : new TreeSet<>(members.keySet())) {
                answer.append(' ').append(member).append('=')
                    .append(units(result.newlyAssignedConnectors(member), result.newlyAssignedTasks(member)))
                    .append('/')
                    .append(units(result.newlyRevokedConnectors(member), result.newlyRevokedTasks(member)));
            }
            System.out.println(answer);
        }
    }

    private static String units(Collection<String> connectors, Collection<ConnectorTaskId> tasks) {
        List<String> names = new ArrayList<>(new TreeSet<>(connectors));
        new TreeSet<>(tasks).forEach(task -> names.add(task.toString()));
        return String.join(",", names);
    }

    private static Map<String, ConnectorsAndTasks> members(String text) {
        Map<String, ConnectorsAndTasks> members = new HashMap<>();
        for (String member : text.split(";")) {
            String[] sides = member.split("=", -1);
            List<String> connectors = new ArrayList<>();
            List<ConnectorTaskId> tasks = new ArrayList<>();
            for (String unit : sides[1].isEmpty() ? new String[0] : sides[1].split(",")) {
                int dash = unit.indexOf('-');
                if (dash < 0) {
                    connectors.add(unit);
                } else {
                    tasks.add(new ConnectorTaskId(unit.substring(0, dash), Integer.parseInt(unit.substring(dash + 1))));
                }
            }
            members.put(sides[0], new ConnectorsAndTasks.Builder().with(connectors, tasks).build());
        }
        return members;
    }

    private static ClusterConfigState configured(String text) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String connector : text.isEmpty() ? new String[0] : text.split(",")) {
            String[] sides = connector.split(":");
            counts.put(sides[0], Integer.parseInt(sides[1]));
        }
        Set<String> names = counts.keySet();
        Map<String, Map<String, String>> configs = names.stream().collect(Collectors.toMap(it -> it, it -> Map.of()));
        Map<String, TargetState> states = names.stream().collect(Collectors.toMap(it -> it, it -> TargetState.STARTED));
        Map<String, AppliedConnectorConfig> applied =
            names.stream().collect(Collectors.toMap(it -> it, it -> new AppliedConnectorConfig(Map.of())));
        Map<ConnectorTaskId, Map<String, String>> tasks = new HashMap<>();
        counts.forEach((name, count) -> {
            for (int task = 0; task < count; task++) {
                tasks.put(new ConnectorTaskId(name, task), Map.of());
            }
        });
        return new ClusterConfigState(1, null, counts, configs, states, tasks, Map.of(), Map.of(), applied, Set.of(), Set.of());
    }
}

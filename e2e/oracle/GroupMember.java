import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads TOPIC as a member of GROUP; tells "owns t-0 t-1" whenever that changes and "read VALUE" for each record, and
 * commits what it has told. Leaves when its input ends.
 */
public class GroupMember {
    public static void main(String[] arguments) throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Thread input = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (java.io.IOException ended) {
                // As good as the end.
            }
            done.set(true);
        });
        input.setDaemon(true);
        input.start();
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", arguments[0],
            "group.id", arguments[1],
            "partition.assignment.strategy", arguments[3],
            "auto.offset.reset", "earliest",
            "enable.auto.commit", "false",
            "heartbeat.interval.ms", "100");
        StringDeserializer text = new StringDeserializer();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, text, text)) {
            consumer.subscribe(List.of(arguments[2]), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                }

                @Override
                public void onPartitionsLost(Collection<TopicPartition> partitions) {
                    System.out.println("lost");
                }
            });
            String told = "";
            while (!done.get()) {
                consumer.poll(Duration.ofMillis(50)).forEach(it -> System.out.println("read " + it.value()));
                try {
                    consumer.commitSync();
                } catch (RebalanceInProgressException later) {
                    // The next poll goes on with the rebalance.
                }
                String owns = consumer.assignment().stream().map(TopicPartition::toString).sorted()
                    .collect(Collectors.joining(" "));
                if (!owns.equals(told)) {
                    told = owns;
                    System.out.println("owns " + owns);
                }
                System.out.flush();
            }
        }
    }
}

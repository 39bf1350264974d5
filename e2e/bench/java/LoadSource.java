import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/** Makes the records of dev.sluice.LoadSourceConnector, from the same keys, the same way. */
public final class LoadSource extends SourceConnector {
    private static final ConfigDef KEYS = new ConfigDef()
            .define("topic", Type.STRING, Importance.HIGH, "Topic")
            .define("content", Type.STRING, "bytes", Importance.HIGH, "bytes, order or due")
            .define("records", Type.LONG, -1L, Importance.HIGH, "Records to make")
            .define("size", Type.INT, 100, Importance.MEDIUM, "Length of bytes")
            .define("batch.size", Type.INT, 1000, Importance.LOW, "Most records of a poll")
            .define("rate", Type.LONG, -1L, Importance.MEDIUM, "Records a second");
    private Map<String, String> settings;

    @Override
    public void start(Map<String, String> given) {
        settings = given;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return Maker.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return List.of(settings);
    }

    @Override
    public void stop() {}

    @Override
    public ConfigDef config() {
        return KEYS;
    }

    @Override
    public String version() {
        return "1";
    }

    /** The task. */
    public static final class Maker extends SourceTask {
        private static final long SECOND = 1_000_000_000L;
        private static final Schema ORDER = SchemaBuilder.struct().name("order")
                .field("id", Schema.INT64_SCHEMA)
                .field("phone", Schema.STRING_SCHEMA)
                .field("email", Schema.OPTIONAL_STRING_SCHEMA)
                .field("total", Schema.FLOAT64_SCHEMA)
                .field("paid", Schema.BOOLEAN_SCHEMA)
                .build();
        private final Map<String, String> partition = Map.of("source", "load");
        private final String[] phones = new String[1000];
        private final String[] emails = new String[1000];
        private String topic;
        private String content;
        private byte[] bytes;
        private long records;
        private int batch;
        private long rate;
        private long before;
        private long made;
        private long start;
        private long epoch;

        @Override
        public void start(Map<String, String> settings) {
            Map<String, Object> keys = KEYS.parse(settings);
            topic = (String) keys.get("topic");
            content = (String) keys.get("content");
            records = (Long) keys.get("records");
            batch = (Integer) keys.get("batch.size");
            rate = (Long) keys.get("rate");
            bytes = new byte[(Integer) keys.get("size")];
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = (byte) ('a' + at % 26);
            }
            for (int at = 0; at < phones.length; at++) {
                phones[at] = String.format("555-%04d", at);
                emails[at] = "c" + at + "@example.org";
            }
            Map<String, Object> stored = context.offsetStorageReader().offset(partition);
            before = stored == null ? 0 : ((Number) stored.get("made")).longValue();
            made = before;
            start = System.nanoTime();
            epoch = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        }

        @Override
        public List<SourceRecord> poll() {
            long count = Math.min(batch, records < 0 ? Long.MAX_VALUE : records - made);
            if (count <= 0) {
                LockSupport.parkNanos(SECOND);
                return null;
            }
            if (rate > 0) {
                long wait = after(made - before) - (System.nanoTime() - start);
                if (wait > 0) {
                    LockSupport.parkNanos(wait);
                }
                long passed = System.nanoTime() - start;
                long due = passed / SECOND * rate + passed % SECOND * rate / SECOND + 1;
                count = Math.max(0, Math.min(count, due - (made - before)));
            }
            List<SourceRecord> polled = new ArrayList<>((int) count);
            for (int at = 0; at < count; at++) {
                polled.add(next());
            }
            return polled;
        }

        /** Nanoseconds from the start until the record after so many is due. */
        private long after(long count) {
            return count / rate * SECOND + (count % rate * SECOND + rate - 1) / rate;
        }

        private SourceRecord next() {
            long number = made;
            made++;
            Map<String, Long> offset = Map.of("made", made);
            switch (content) {
                case "bytes":
                    return new SourceRecord(partition, offset, topic, Schema.BYTES_SCHEMA, bytes);
                case "order":
                    return new SourceRecord(partition, offset, topic, ORDER, order(number));
                default:
                    String due = Long.toString(epoch + TimeUnit.NANOSECONDS.toMicros(after(number - before)));
                    return new SourceRecord(partition, offset, topic, Schema.STRING_SCHEMA, due);
            }
        }

        private Struct order(long number) {
            int choice = (int) (number % 1000);
            return new Struct(ORDER)
                    .put("id", number)
                    .put("phone", phones[choice])
                    .put("email", emails[choice])
                    .put("total", number % 50_000 / 100.0)
                    .put("paid", number % 3 == 0);
        }

        @Override
        public void stop() {}

        @Override
        public String version() {
            return "1";
        }
    }
}

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;

/** Takes records and keeps nothing but their number, which it writes to the file "counted" when it is stopped. */
public final class NullSink extends SinkConnector {
    private Map<String, String> settings;

    @Override
    public void start(Map<String, String> given) {
        settings = given;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return Counter.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return Collections.singletonList(settings);
    }

    @Override
    public void stop() {}

    @Override
    public ConfigDef config() {
        return new ConfigDef().define("counted", ConfigDef.Type.STRING, ConfigDef.Importance.LOW, "Where the count goes");
    }

    @Override
    public String version() {
        return "1";
    }

    /** The task. */
    public static final class Counter extends SinkTask {
        private Path counted;
        private long count;

        @Override
        public void start(Map<String, String> settings) {
            counted = Path.of(settings.get("counted"));
        }

        @Override
        public void put(Collection<SinkRecord> records) {
            count += records.size();
        }

        @Override
        public void stop() {
            try {
                // Readers must not see half a number.
                Path partial = Path.of(counted + ".partial");
                Files.writeString(partial, Long.toString(count));
                Files.move(partial, counted);
            } catch (java.io.IOException cause) {
                throw new java.io.UncheckedIOException(cause);
            }
        }

        @Override
        public String version() {
            return "1";
        }
    }
}

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsContext;
import org.apache.kafka.common.metrics.MetricsReporter;

/** Answers GET /metrics with the metrics of a Connect worker as they are then, one JSON object in a line. */
public class MetricsTeller implements MetricsReporter {
    /** Of the worker and of its member of the group, which have a reporter each. */
    private static final Map<MetricName, KafkaMetric> METRICS = new ConcurrentHashMap<>();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static HttpServer server;

    private String listener;
    private boolean isWorkers;

    @Override
    public Set<String> reconfigurableConfigs() {
        return Set.of();
    }

    @Override
    public void configure(Map<String, ?> configs) {
        listener = (String) configs.get("sluice.metrics.listener");
    }

    /** The worker's clients have reporters of their own: they say who they are. */
    @Override
    public void contextChange(MetricsContext context) {
        isWorkers = "kafka.connect".equals(context.contextLabels().get(MetricsContext.NAMESPACE));
        if (isWorkers) {
            serve(listener);
        }
    }

    private static synchronized void serve(String listener) {
        if (server != null) {
            return;
        }
        int colon = listener.lastIndexOf(':');
        int port = Integer.parseInt(listener.substring(colon + 1));
        try {
            server = HttpServer.create(new InetSocketAddress(listener.substring(0, colon), port), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/metrics", exchange -> {
            byte[] body = tell();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    private static byte[] tell() throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        for (KafkaMetric metric : METRICS.values()) {
            MetricName name = metric.metricName();
            Object value = metric.metricValue();
            lines.write(JSON.writeValueAsBytes(Map.of(
                "group", name.group(),
                "tags", name.tags(),
                "attribute", name.name(),
                "is_number", value instanceof Number,
                "value", String.valueOf(value))));
            lines.write("\n".getBytes(StandardCharsets.UTF_8));
        }
        return lines.toByteArray();
    }

    @Override
    public void init(List<KafkaMetric> present) {
        present.forEach(this::metricChange);
    }

    @Override
    public void metricChange(KafkaMetric metric) {
        if (isWorkers) {
            METRICS.put(metric.metricName(), metric);
        }
    }

    @Override
    public void metricRemoval(KafkaMetric metric) {
        if (isWorkers) {
            METRICS.remove(metric.metricName());
        }
    }

    /** The process ends with the worker. */
    @Override
    public void close() {
    }
}

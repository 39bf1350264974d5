import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes records to a topic and reads them back, as JSON objects, one a line, with bytes in base64.
 *
 * "write BOOTSTRAP TOPIC" takes records from its input. "read BOOTSTRAP TOPIC COUNT SECONDS" prints the first records
 * of partition 0, fewer if so long no more have come.
 */
public class Records {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("write")) {
            write(arguments[1], arguments[2]);
        } else {
            int count = Integer.parseInt(arguments[3]);
            read(arguments[1], arguments[2], count, Duration.ofSeconds(Long.parseLong(arguments[4])));
        }
    }

    private static void write(String bootstrap, String topic) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                JsonNode record = MAPPER.readTree(line);
                Long timestamp = record.hasNonNull("timestamp") ? record.get("timestamp").asLong() : null;
                ProducerRecord<byte[], byte[]> outgoing =
                        new ProducerRecord<>(topic, 0, timestamp, bytes(record, "key"), bytes(record, "value"));
                for (JsonNode header : record.withArray("headers")) {
                    outgoing.headers().add(header.get("name").asText(), bytes(header, "value"));
                }
                producer.send(outgoing).get();
            }
        }
    }

    private static void read(String bootstrap, String topic, int count, Duration patience) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            // Patience begins once the broker has answered, and again with each record.
            consumer.position(partition);
            long deadline = System.nanoTime() + patience.toNanos();
            int seen = 0;
            while (seen < count && System.nanoTime() < deadline) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    if (seen < count) {
                        System.out.println(text(record));
                    }
                    seen++;
                    deadline = System.nanoTime() + patience.toNanos();
                }
            }
        }
    }

    private static String text(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode object = MAPPER.createObjectNode();
        object.put("timestamp", record.timestamp());
        object.put("key", text(record.key()));
        object.put("value", text(record.value()));
        ArrayNode headers = object.putArray("headers");
        for (Header header : record.headers()) {
            headers.addObject().put("name", header.key()).put("value", text(header.value()));
        }
        return object.toString();
    }

    private static byte[] bytes(JsonNode object, String name) {
        return object.hasNonNull(name) ? Base64.getDecoder().decode(object.get(name).asText()) : null;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }
}

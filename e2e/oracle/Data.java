import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.ConnectSchema;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaProjector;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Answers questions about data as Kafka Connect's own classes do: one JSON object a line in, one a line out.
 *
 * A question names an operation. Those of converters (encode, decode, and the same for headers) name a class, its
 * configuration, whether it serves keys, a topic and the data as well; those of transforms
 * and predicates a class, its configuration and a record; the others are methods of Values and SchemaProjector. The
 * answer is the data, or the class and the message of the exception.
 */
public class Data {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Map<String, Converter> CONVERTERS = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.US);
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode question = mapper.readTree(line);
            ObjectNode answer;
            try {
                answer = answer(question);
            } catch (Exception | StackOverflowError failure) {
                answer = JSON.objectNode();
                answer.put("class", failure.getClass().getName());
                // Maps come in the order of the question; where they come from elsewhere, they are HashMaps.
                String message = failure.getMessage();
                answer.put("message", message == null ? "" : message.replace("LinkedHashMap", "HashMap"));
            }
            out.write(mapper.writeValueAsString(answer));
            out.newLine();
        }
        out.flush();
    }

    private static ObjectNode answer(JsonNode question) throws Exception {
        ObjectNode answer = JSON.objectNode();
        String topic = question.path("topic").asText();
        switch (question.get("op").asText()) {
            case "encode": {
                Schema schema = schema(question.get("schema"));
                Object value = value(question.get("value"));
                answer.set("bytes", bytes(converter(question).fromConnectData(topic, schema, value)));
                return answer;
            }
            case "decode": {
                JsonNode text = question.get("bytes");
                byte[] bytes = text.isNull() ? null : Base64.getDecoder().decode(text.asText());
                return data(converter(question).toConnectData(topic, bytes));
            }
            case "registry":
                return throughRegistry(question);
            case "encode_header": {
                Schema schema = schema(question.get("schema"));
                Object value = value(question.get("value"));
                answer.set("bytes", bytes(headerConverter(question).fromConnectHeader(topic, "h", schema, value)));
                return answer;
            }
            case "decode_header": {
                JsonNode text = question.get("bytes");
                byte[] bytes = text.isNull() ? null : Base64.getDecoder().decode(text.asText());
                return data(headerConverter(question).toConnectHeader(topic, "h", bytes));
            }
            case "parse":
                return data(Values.parseString(question.get("text").asText()));
            case "text":
                answer.put("text", Values.convertToString(null, value(question.get("value"))));
                return answer;
            case "infer":
                answer.set("schema", schema(Values.inferSchema(value(question.get("value")))));
                return answer;
            case "convert":
                answer.set("value", value(converted(question)));
                return answer;
            case "project":
                answer.set("value", value(SchemaProjector.project(schema(question.get("schema")),
                    value(question.get("value")), schema(question.get("target")))));
                return answer;
            case "transform":
            case "predicate":
                return changed(question);
            default:
                throw new IllegalArgumentException("unknown operation");
        }
    }

    private static ObjectNode data(SchemaAndValue data) {
        ObjectNode answer = JSON.objectNode();
        answer.set("schema", schema(data == null ? null : data.schema()));
        answer.set("value", value(data == null ? null : data.value()));
        return answer;
    }

    /**
     * What a converter of Confluent's writes and registers in a registry of its own, and what it reads of that again. Its jars
     * are on the class path of such questions alone.
     */
    private static ObjectNode throughRegistry(JsonNode question) throws Exception {
        ObjectNode answer = JSON.objectNode();
        String packages = "io.confluent.kafka.schemaregistry.";
        Object provider = Class.forName(packages + question.get("provider").asText()).getDeclaredConstructor().newInstance();
        Object client = Class.forName(packages + "client.MockSchemaRegistryClient").getConstructor(List.class)
            .newInstance(List.of(provider));
        Class<?> type = Class.forName(packages + "client.SchemaRegistryClient");
        Converter converter = (Converter) Class.forName(question.get("plugin").asText()).getConstructor(type)
            .newInstance(client);
        Map<String, String> config = new LinkedHashMap<>();
        question.get("config").fields().forEachRemaining(it -> config.put(it.getKey(), it.getValue().asText()));
        converter.configure(config, question.get("key").asBoolean());
        String topic = question.get("topic").asText();
        byte[] bytes = converter.fromConnectData(topic, schema(question.get("schema")), value(question.get("value")));
        answer.set("bytes", bytes(bytes));
        if (bytes != null) {
            Object registered = type.getMethod("getSchemaById", int.class).invoke(client, 1);
            Class<?> parsed = Class.forName(packages + "ParsedSchema");
            answer.put("text", (String) parsed.getMethod("canonicalString").invoke(registered));
            if (question.get("decode").asBoolean()) {
                answer.set("decoded", data(converter.toConnectData(topic, bytes)));
            }
        }
        return answer;
    }

    private static Object converted(JsonNode question) {
        Schema schema = schema(question.get("schema"));
        Object value = value(question.get("value"));
        switch (question.get("to").asText()) {
            case "boolean": return Values.convertToBoolean(schema, value);
            case "byte": return Values.convertToByte(schema, value);
            case "short": return Values.convertToShort(schema, value);
            case "integer": return Values.convertToInteger(schema, value);
            case "long": return Values.convertToLong(schema, value);
            case "float": return Values.convertToFloat(schema, value);
            case "double": return Values.convertToDouble(schema, value);
            case "list": return Values.convertToList(schema, value);
            case "map": return Values.convertToMap(schema, value);
            case "struct": return Values.convertToStruct(schema, value);
            case "date": return Values.convertToDate(schema, value);
            case "time": return Values.convertToTime(schema, value);
            case "timestamp": return Values.convertToTimestamp(schema, value);
            case "decimal": return Values.convertToDecimal(schema, value, 2);
            default: throw new IllegalArgumentException("unknown target");
        }
    }

    private static HeaderConverter headerConverter(JsonNode question) throws Exception {
        Class<?> plugin = Class.forName(question.get("plugin").asText());
        HeaderConverter converter = (HeaderConverter) plugin.getDeclaredConstructor().newInstance();
        converter.configure(new HashMap<>());
        return converter;
    }

    private static Converter converter(JsonNode question) throws Exception {
        String key = question.get("plugin") + " " + question.get("config") + " " + question.get("key");
        Converter known = CONVERTERS.get(key);
        if (known == null) {
            Map<String, String> config = new LinkedHashMap<>();
            question.get("config").fields().forEachRemaining(it -> config.put(it.getKey(), it.getValue().asText()));
            known = (Converter) Class.forName(question.get("plugin").asText()).getDeclaredConstructor().newInstance();
            known.configure(config, question.get("key").asBoolean());
            CONVERTERS.put(key, known);
        }
        return known;
    }

    /** What a transform makes of a record, or what a predicate says of it. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static ObjectNode changed(JsonNode question) throws Exception {
        ObjectNode answer = JSON.objectNode();
        Object plugin = Class.forName(question.get("plugin").asText()).getDeclaredConstructor().newInstance();
        Map<String, String> config = new LinkedHashMap<>();
        question.get("config").fields().forEachRemaining(it -> config.put(it.getKey(), it.getValue().asText()));
        try {
            ((Configurable) plugin).configure(config);
        } catch (Exception failure) {
            answer.put("configure", true);
            answer.put("class", failure.getClass().getName());
            answer.put("message", String.valueOf(failure.getMessage()));
            return answer;
        }
        ConnectRecord<?> record = record(question.get("record"));
        if (plugin instanceof Predicate) {
            answer.put("test", ((Predicate) plugin).test(record));
            return answer;
        }
        ConnectRecord<?> changed = ((Transformation) plugin).apply(record);
        if (changed != null) {
            answer.set("record", record(changed));
        }
        return answer;
    }

    // Records: {"topic":…,"partition":…,"ks":schema,"key":value,"vs":schema,"value":value,"timestamp":…,"offset":…,
    // "headers":[[name,schema,value]…]}; a source's record has no offset.

    private static ConnectRecord<?> record(JsonNode json) {
        Long timestamp = json.get("timestamp").isNull() ? null : Long.valueOf(json.get("timestamp").asText());
        Integer partition = json.get("partition").isNull() ? null : json.get("partition").asInt();
        String topic = json.get("topic").asText();
        Headers headers = new ConnectHeaders();
        for (JsonNode header : json.get("headers")) {
            headers.add(header.get(0).asText(), new SchemaAndValue(schema(header.get(1)), value(header.get(2))));
        }
        Schema keySchema = schema(json.get("ks"));
        Schema valueSchema = schema(json.get("vs"));
        Object key = value(json.get("key"));
        Object value = value(json.get("value"));
        if (json.get("offset").isNull()) {
            return new SourceRecord(Map.of(), Map.of(), topic, partition, keySchema, key, valueSchema, value,
                timestamp, headers);
        }
        return new SinkRecord(topic, partition, keySchema, key, valueSchema, value, json.get("offset").asLong(),
            timestamp, TimestampType.CREATE_TIME, headers);
    }

    private static ObjectNode record(ConnectRecord<?> record) {
        ObjectNode json = JSON.objectNode();
        json.put("topic", record.topic());
        json.put("partition", record.kafkaPartition());
        json.set("ks", schema(record.keySchema()));
        json.set("key", value(record.key()));
        json.set("vs", schema(record.valueSchema()));
        json.set("value", value(record.value()));
        json.put("timestamp", record.timestamp() == null ? null : record.timestamp().toString());
        json.put("offset", record instanceof SinkRecord ? ((SinkRecord) record).kafkaOffset() : null);
        ArrayNode headers = json.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(schema(header.schema())).add(value(header.value()));
        }
        return json;
    }

    private static JsonNode bytes(byte[] bytes) {
        return bytes == null ? JSON.nullNode() : JSON.textNode(Base64.getEncoder().encodeToString(bytes));
    }

    // Schemas: {"t":TYPE,"o":optional,"n":name,"v":version,"d":doc,"p":[[key,value]…],"def":value,"i":items,"k":keys,
    // "e":values,"f":[[name,schema]…]}, absent where null.

    private static Schema schema(JsonNode json) {
        if (json == null || json.isNull()) {
            return null;
        }
        Schema.Type type = Schema.Type.valueOf(json.get("t").asText());
        List<Field> fields = null;
        if (type == Schema.Type.STRUCT) {
            fields = new ArrayList<>();
            for (JsonNode field : json.get("f")) {
                fields.add(new Field(field.get(0).asText(), fields.size(), schema(field.get(1))));
            }
        }
        Map<String, String> parameters = null;
        if (json.has("p")) {
            parameters = new LinkedHashMap<>();
            for (JsonNode parameter : json.get("p")) {
                parameters.put(parameter.get(0).asText(), parameter.get(1).asText());
            }
        }
        return new ConnectSchema(type, json.get("o").asBoolean(),
            json.has("def") ? value(json.get("def")) : null,
            json.has("n") ? json.get("n").asText() : null,
            json.has("v") ? json.get("v").asInt() : null,
            json.has("d") ? json.get("d").asText() : null,
            parameters, fields, schema(json.get("k")), schema(json.has("e") ? json.get("e") : json.get("i")));
    }

    private static JsonNode schema(Schema schema) {
        if (schema == null) {
            return JSON.nullNode();
        }
        ObjectNode json = JSON.objectNode();
        json.put("t", schema.type().name());
        json.put("o", schema.isOptional());
        if (schema.name() != null) {
            json.put("n", schema.name());
        }
        if (schema.version() != null) {
            json.put("v", schema.version());
        }
        if (schema.doc() != null) {
            json.put("d", schema.doc());
        }
        if (schema.parameters() != null) {
            ArrayNode parameters = json.putArray("p");
            schema.parameters().forEach((key, value) -> parameters.addArray().add(key).add(value));
        }
        if (schema.defaultValue() != null) {
            json.set("def", value(schema.defaultValue()));
        }
        switch (schema.type()) {
            case ARRAY:
                json.set("i", schema(schema.valueSchema()));
                break;
            case MAP:
                json.set("k", schema(schema.keySchema()));
                json.set("e", schema(schema.valueSchema()));
                break;
            case STRUCT:
                ArrayNode fields = json.putArray("f");
                schema.fields().forEach(it -> fields.addArray().add(it.name()).add(schema(it.schema())));
                break;
            default:
        }
        return json;
    }

    // Values: null, or an object with one key that names the Java class.

    private static Object value(JsonNode json) {
        if (json == null || json.isNull()) {
            return null;
        }
        String kind = json.fieldNames().next();
        JsonNode it = json.get(kind);
        switch (kind) {
            case "boolean": return it.asBoolean();
            case "byte": return (byte) it.asInt();
            case "short": return (short) it.asInt();
            case "int": return it.asInt();
            case "long": return Long.parseLong(it.asText());
            case "float": return Float.intBitsToFloat(Integer.parseUnsignedInt(it.asText()));
            case "double": return Double.longBitsToDouble(Long.parseUnsignedLong(it.asText()));
            case "string": return it.asText();
            case "bytes": return Base64.getDecoder().decode(it.asText());
            case "date": return new Date(Long.parseLong(it.asText()));
            case "decimal": return new BigDecimal(new BigInteger(it.get(0).asText()), it.get(1).asInt());
            case "list": {
                List<Object> items = new ArrayList<>();
                it.forEach(item -> items.add(value(item)));
                return items;
            }
            case "map": {
                Map<Object, Object> map = new LinkedHashMap<>();
                it.forEach(entry -> map.put(value(entry.get(0)), value(entry.get(1))));
                return map;
            }
            case "struct": {
                Schema schema = schema(it.get(0));
                Struct struct = new Struct(schema);
                for (Field field : schema.fields()) {
                    Object part = value(it.get(1).get(field.index()));
                    if (part != null) {
                        struct.put(field, part);
                    }
                }
                return struct;
            }
            default: throw new IllegalArgumentException(kind);
        }
    }

    private static JsonNode value(Object value) {
        if (value == null) {
            return JSON.nullNode();
        }
        ObjectNode json = JSON.objectNode();
        if (value instanceof Boolean) {
            json.put("boolean", (Boolean) value);
        } else if (value instanceof Byte) {
            json.put("byte", (Byte) value);
        } else if (value instanceof Short) {
            json.put("short", (Short) value);
        } else if (value instanceof Integer) {
            json.put("int", (Integer) value);
        } else if (value instanceof Long) {
            json.put("long", value.toString());
        } else if (value instanceof Float) {
            json.put("float", Integer.toUnsignedString(Float.floatToIntBits((Float) value)));
        } else if (value instanceof Double) {
            json.put("double", Long.toUnsignedString(Double.doubleToLongBits((Double) value)));
        } else if (value instanceof String) {
            json.put("string", (String) value);
        } else if (value instanceof byte[]) {
            json.set("bytes", bytes((byte[]) value));
        } else if (value instanceof ByteBuffer) {
            ByteBuffer buffer = ((ByteBuffer) value).duplicate();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            json.set("bytes", bytes(bytes));
        } else if (value instanceof Date) {
            json.put("date", Long.toString(((Date) value).getTime()));
        } else if (value instanceof BigDecimal) {
            BigDecimal decimal = (BigDecimal) value;
            json.putArray("decimal").add(decimal.unscaledValue().toString()).add(decimal.scale());
        } else if (value instanceof List) {
            ArrayNode items = json.putArray("list");
            ((List<?>) value).forEach(item -> items.add(value(item)));
        } else if (value instanceof Map) {
            ArrayNode entries = json.putArray("map");
            ((Map<?, ?>) value).forEach((key, part) -> entries.addArray().add(value(key)).add(value(part)));
        } else if (value instanceof Struct) {
            Struct struct = (Struct) value;
            ArrayNode parts = json.putArray("struct");
            parts.add(schema(struct.schema()));
            ArrayNode values = parts.addArray();
            struct.schema().fields().forEach(it -> values.add(value(struct.getWithoutDefault(it.name()))));
        } else {
            throw new IllegalArgumentException(value.getClass().getName());
        }
        return json;
    }
}

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;

/** Answers each line, a text in JSON, with the text that ConfigTransformer makes of it. */
public class Placeholders {
    /** Knows every key but those that begin with "no". */
    static final class Echo implements ConfigProvider {
        @Override
        public ConfigData get(String path) {
            return new ConfigData(Map.of());
        }

        @Override
        public ConfigData get(String path, Set<String> keys) {
            Map<String, String> data = new HashMap<>();
            for (String key : keys) {
                if (!key.startsWith("no")) {
                    data.put(key, "<" + path + "|" + key + "${p:x}>");
                }
            }
            return new ConfigData(data);
        }

        @Override
        public void configure(Map<String, ?> configs) {
        }

        @Override
        public void close() {
        }
    }

    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        ConfigTransformer transformer = new ConfigTransformer(Map.of("p", new Echo(), "", new Echo()));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String text = json.readValue(line, String.class);
            out.println(json.writeValueAsString(transformer.transform(Map.of("k", text)).data().get("k")));
        }
        out.flush();
    }
}

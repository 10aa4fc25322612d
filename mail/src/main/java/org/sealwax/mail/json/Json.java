package org.sealwax.mail.json;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.UnsafeCharacters;
import tools.jackson.core.SerializableString;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Documents of JSON, written and read; thread-safe. The library is loaded with the first use of
 * this class. Reading throws {@link tools.jackson.core.JacksonException}, whose message may quote
 * the input.
 */
public final class Json {
  /** Bytes of a document from another site: a TLS report of a large site's day has some 10,000. */
  public static final int MAX_FOREIGN = 10 << 20;

  /** Characters of the name of a member in such a document. */
  private static final int MAX_NAME = 255;

  /** Values, names and brackets: 100 policies of a TLS report with all their details fit. */
  private static final int MAX_TOKENS = 300_000;

  /** A TLS report is six deep. */
  private static final int MAX_DEPTH = 20;

  private static final JsonMapper OWN = mapper(StreamReadConstraints.defaults());

  /** Apart, as few programs read what others wrote. */
  private static final class Foreign {
    private static final JsonMapper MAPPER =
        mapper(
            StreamReadConstraints.builder()
                .maxDocumentLength(MAX_FOREIGN)
                .maxNestingDepth(MAX_DEPTH)
                .maxTokenCount(MAX_TOKENS)
                .maxNameLength(MAX_NAME)
                .maxStringLength(1 << 16)
                .maxNumberLength(40)
                .build());
  }

  /**
   * A document is printed on terminals, too: what steers one is escaped, and stays the same JSON.
   */
  private static final class TerminalEscapes extends CharacterEscapes {
    private static final long serialVersionUID = 1L;

    private static final int DELETE = 0x7f;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes[DELETE] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public @Nullable SerializableString getEscapeSequence(int c) {
      return UnsafeCharacters.contains(c)
          ? new SerializedString(String.format(Locale.ROOT, "\\u%04x", c))
          : null;
    }
  }

  private Json() {}

  /** A member that is there twice has two readings; so has what stands after the end. */
  private static JsonMapper mapper(StreamReadConstraints constraints) {
    return JsonMapper.builder(
            JsonFactory.builder()
                .streamReadConstraints(constraints)
                .characterEscapes(new TerminalEscapes())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build())
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .build();
  }

  /** {@return an object without members} */
  public static ObjectNode object() {
    return OWN.createObjectNode();
  }

  /** {@return an array without values} */
  public static ArrayNode array() {
    return OWN.createArrayNode();
  }

  /**
   * {@return a document on one line}
   *
   * @param document the document
   */
  public static String line(JsonNode document) {
    return OWN.writeValueAsString(document);
  }

  /**
   * {@return a document on one line, in UTF-8}
   *
   * @param document the document
   */
  public static byte[] bytes(JsonNode document) {
    return OWN.writeValueAsBytes(document);
  }

  /**
   * {@return a document with indented lines, for people}
   *
   * @param document the document
   */
  public static String indented(JsonNode document) {
    return OWN.writerWithDefaultPrettyPrinter().writeValueAsString(document);
  }

  /**
   * Reads a document that this program has written, or one whose size the caller has bounded.
   *
   * @param text the document
   * @return the document
   */
  public static JsonNode read(String text) {
    return OWN.readTree(text);
  }

  /**
   * Reads a document from another site, within limits of size, depth and number of parts.
   *
   * @param bytes the document, as received and unpacked
   * @return the document
   * @throws tools.jackson.core.exc.StreamConstraintsException when it goes over a limit
   */
  public static JsonNode readForeign(byte[] bytes) {
    return Foreign.MAPPER.readTree(bytes);
  }
}

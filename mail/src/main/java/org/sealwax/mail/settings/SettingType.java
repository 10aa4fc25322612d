package org.sealwax.mail.settings;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * The type of a key's value, and its reading from TOML.
 *
 * @param typeName for the manual page: {@code duration}
 * @param form one sentence with an example, shown when a value is not valid
 * @param words the closed vocabulary, or empty
 * @param list whether the value is a list, whose elements are read one by one
 * @param quoted whether a value (of a list: an element) stands in quotes
 * @param parser parses one TOML value (of a list: one element); throws {@link InvalidSetting}
 */
public record SettingType(
    String typeName,
    String form,
    List<String> words,
    boolean list,
    boolean quoted,
    Function<Object, Object> parser) {
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9}[smhdw])+");

  private static final Pattern DURATION_PART = Pattern.compile("([0-9]+)([smhdw])");

  private static final Pattern SIZE =
      Pattern.compile("([0-9]{1,9})\\s*(?:B|([KMG])(?:I?B)?)", Pattern.CASE_INSENSITIVE);

  private static final Map<Type, SettingType> BY_CLASS =
      Map.ofEntries(
          text(String.class, "text", "text in quotes", s -> s),
          unquoted(
              boolean.class,
              "true or false",
              "true or false, without quotes",
              raw -> raw instanceof Boolean ? raw : null),
          text(
              Duration.class,
              "duration",
              "a duration in quotes: \"30s\", \"5m\", \"4h\", \"5d\" or a sum like \"1h30m\"",
              SettingType::duration),
          // Powers of 1024, as SIZE is counted by mail programs.
          text(
              long.class,
              "size",
              "a size in quotes: \"100KB\", \"50MB\", \"2GB\"",
              SettingType::size),
          text(
              Domain.class,
              "domain",
              "a domain name in quotes: \"example.org\"",
              s -> Domain.parse(s).orElseThrow(SettingType::invalid)),
          text(
              RecipientDelimiter.class,
              "character",
              "one character in quotes: \"+\"; \"\" for names without extensions",
              s -> RecipientDelimiter.parse(s).orElseThrow(SettingType::invalid)),
          text(
              CertificateName.class,
              "name",
              "a name in quotes: \"mx.example.org\", or \"*.example.org\" (one label in its place)",
              SettingType::certificateName),
          text(
              DomainPattern.class,
              "domain pattern",
              "\"example.org\", \".example.org\" (everything below it) or \"*\" (every domain)",
              s -> DomainPattern.parse(s).orElseThrow(SettingType::invalid)),
          text(
              Cidr.class,
              "network",
              "a network in quotes: \"192.0.2.0/24\", \"2001:db8::/32\" or one address",
              s -> Cidr.parse(s).orElseThrow(SettingType::invalid)),
          text(
              InetAddress.class,
              "address",
              "an IP address in quotes: \"192.0.2.1\" or \"2001:db8::1\"",
              SettingType::address),
          text(
              InetSocketAddress.class,
              "address and port",
              "an IP address and a port in quotes: \"127.0.0.1:2525\", \"[::1]:25\", \"*:25\" (all"
                  + " addresses)",
              SettingType::socket),
          text(
              Path.class,
              "file",
              "a path in quotes, relative to the folder of this file",
              SettingType::path),
          text(
              Pin.class,
              "pin",
              "the SHA-256 of a public key in hex: \"sha256:\" and 64 digits",
              s -> Pin.parse(s).orElseThrow(SettingType::invalid)),
          unquoted(
              Instant.class,
              "date",
              "a date without quotes: 2027-01-31",
              raw ->
                  raw instanceof LocalDate day
                      ? day.atStartOfDay().toInstant(ZoneOffset.UTC)
                      : null),
          text(
              Mailbox.class,
              "mailbox",
              "a mail address in quotes: \"name@example.org\"",
              SettingType::mailbox),
          Map.entry(TlsVersion.class, version(v -> v)),
          Map.entry(TlsFloor.class, version(TlsFloor::new)));

  private static Map.Entry<Type, SettingType> text(
      Class<?> type, String typeName, String form, Function<String, Object> reader) {
    return entry(type, typeName, form, true, raw -> reader.apply(quotedText(raw)));
  }

  /** A value of a type of TOML's own; the reader returns null for any other. */
  private static Map.Entry<Type, SettingType> unquoted(
      Class<?> type, String typeName, String form, Function<Object, @Nullable Object> reader) {
    return entry(
        type,
        typeName,
        form,
        false,
        raw -> Optional.ofNullable(reader.apply(raw)).orElseThrow(SettingType::invalid));
  }

  private static Map.Entry<Type, SettingType> entry(
      Class<?> type,
      String typeName,
      String form,
      boolean quoted,
      Function<Object, Object> parser) {
    return Map.entry(type, new SettingType(typeName, form, List.of(), false, quoted, parser));
  }

  private static SettingType version(Function<TlsVersion, Object> value) {
    return choice(
        List.of("1.0", "1.1", "1.2", "1.3"),
        s -> value.apply(TlsVersion.valueOf("TLS_" + s.replace('.', '_'))));
  }

  private static String quotedText(Object raw) {
    if (raw instanceof String s) {
      return s;
    }
    throw invalid();
  }

  private static InvalidSetting invalid() {
    return InvalidSetting.because("");
  }

  /**
   * {@return the type of a component's values}
   *
   * @param type of the component; of a list or an optional, the values are its elements
   * @param declared for the range of a number
   * @throws IllegalArgumentException when no key can have such a type
   */
  static SettingType of(Type type, Setting declared) {
    if (type instanceof ParameterizedType many) {
      SettingType element = of(many.getActualTypeArguments()[0], declared);
      return many.getRawType() == Optional.class ? element : element.asList();
    }
    if (type == int.class) {
      return count(declared.min(), declared.max());
    }
    SettingType known = declared.file() ? BY_CLASS.get(Path.class) : BY_CLASS.get(type);
    if (known != null) {
      return declared.least().isEmpty() ? known : known.within(declared);
    }
    if (type instanceof Class<?> words && words.isEnum()) {
      return oneOf(words, declared.except());
    }
    if (type instanceof Class<?> value && value.isAnnotationPresent(SettingValue.class)) {
      return declaredBy(value, Objects.requireNonNull(value.getAnnotation(SettingValue.class)));
    }
    throw new IllegalArgumentException("unknown setting type " + type);
  }

  /** Of a type that declares how its values are written. */
  private static SettingType declaredBy(Class<?> type, SettingValue declared) {
    Method parse = SettingsRecord.invoke(() -> type.getMethod("parse", String.class));
    Function<String, Object> reader =
        s -> {
          Object read = SettingsRecord.invoke(() -> parse.invoke(null, s));
          return read instanceof Optional<?> one ? one.orElseThrow(SettingType::invalid) : read;
        };
    return text(type, declared.name(), declared.form(), reader).getValue();
  }

  private SettingType asList() {
    return new SettingType("list of " + typeName, form, words, true, quoted, parser);
  }

  private static SettingType count(int min, int max) {
    String range = "number from " + min + " to " + max;
    return unquoted(
            int.class,
            range,
            "a whole " + range + ", without quotes",
            raw -> raw instanceof Long n && n >= min && n <= max ? n.intValue() : null)
        .getValue();
  }

  /** The same from the least to the most value, which are compared as they are parsed. */
  @SuppressWarnings("unchecked") // a duration or a number
  private SettingType within(Setting declared) {
    Object least = parser.apply(declared.least());
    String most = declared.most();
    String range = typeName + " from " + declared.least() + (most.isEmpty() ? "" : " to " + most);
    Function<Object, Object> ranged =
        raw -> {
          Comparable<Object> value = (Comparable<Object>) parser.apply(raw);
          if (value.compareTo(least) < 0) {
            throw InvalidSetting.because("the minimum is \"" + declared.least() + "\"");
          }
          if (!most.isEmpty() && value.compareTo(parser.apply(most)) > 0) {
            throw InvalidSetting.because("the maximum is \"" + most + "\"");
          }
          return value;
        };
    return new SettingType(range, form, words, list, quoted, ranged);
  }

  /** Words of an enumeration, in lower case, {@code _} as {@code -}. */
  private static SettingType oneOf(Class<?> type, String[] except) {
    Map<String, Object> byWord =
        Arrays.stream(type.getEnumConstants())
            .collect(
                Collectors.toMap(
                    e -> ((Enum<?>) e).name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    e -> e,
                    (a, b) -> a,
                    LinkedHashMap::new));
    byWord.keySet().removeAll(List.of(except));
    return choice(List.copyOf(byWord.keySet()), word -> Objects.requireNonNull(byWord.get(word)));
  }

  /** A closed vocabulary. */
  private static SettingType choice(List<String> words, Function<String, Object> reader) {
    String form = "one of \"" + String.join("\", \"", words) + "\"";
    Function<Object, Object> chosen =
        raw -> {
          if (!words.contains(quotedText(raw))) {
            throw invalid();
          }
          return reader.apply(quotedText(raw));
        };
    return new SettingType(form, form, words, false, true, chosen);
  }

  /**
   * {@return the value of a key}
   *
   * @param parsed what {@link #parser} made; of a scalar, one
   */
  public Object value(List<Object> parsed) {
    return list ? parsed : parsed.getFirst();
  }

  /** What TOML makes of a default. */
  Object plain(String text) {
    if (quoted) {
      return text;
    }
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> Long.valueOf(text);
    };
  }

  private static Path path(String s) {
    try {
      if (s.isEmpty()) {
        throw invalid();
      }
      return Path.of(s);
    } catch (InvalidPathException e) {
      throw invalid();
    }
  }

  private static CertificateName certificateName(String s) {
    boolean wild = s.startsWith("*.");
    Domain domain = Domain.parse(wild ? s.substring(2) : s).orElseThrow(SettingType::invalid);
    return new CertificateName((wild ? "*." : "") + domain.name().toLowerCase(Locale.ROOT));
  }

  private static Duration duration(String s) {
    if (s.length() > 20 || !DURATION.matcher(s).matches()) {
      throw invalid();
    }
    long seconds = 0;
    Matcher part = DURATION_PART.matcher(s);
    while (part.find()) {
      seconds +=
          Long.parseLong(part.group(1))
              * switch (part.group(2)) {
                case "m" -> 60;
                case "h" -> 3600;
                case "d" -> 86_400;
                case "w" -> 604_800;
                default -> 1;
              };
    }
    return Duration.ofSeconds(seconds);
  }

  private static long size(String s) {
    Matcher m = SIZE.matcher(s.strip());
    if (!m.matches()) {
      throw invalid();
    }
    String unit = m.group(2);
    int power = unit == null ? 0 : 1 + "KMG".indexOf(unit.toUpperCase(Locale.ROOT));
    return Long.parseLong(m.group(1)) << 10 * power;
  }

  private static InetAddress address(String s) {
    try {
      return InetAddress.ofLiteral(s);
    } catch (IllegalArgumentException e) {
      throw invalid();
    }
  }

  private static InetSocketAddress socket(String s) {
    int colon = s.lastIndexOf(':');
    if (colon < 0) {
      throw InvalidSetting.because("the port is missing");
    }
    String host = s.substring(0, colon);
    int port;
    try {
      port = Integer.parseInt(s.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw invalid();
    }
    if (port < 0 || port > 65_535) {
      throw InvalidSetting.because("a port is a number from 1 to 65535");
    }
    if (host.equals("*")) {
      return new InetSocketAddress(port);
    }
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (!bracketed && host.indexOf(':') >= 0) {
      throw InvalidSetting.because("an IPv6 address needs brackets");
    }
    return new InetSocketAddress(
        address(bracketed ? host.substring(1, host.length() - 1) : host), port);
  }

  private static Mailbox mailbox(String s) {
    int at = s.lastIndexOf('@');
    if (at < 1 || at > Mailbox.MAX_LOCAL_PART) {
      throw invalid();
    }
    Mailbox mailbox =
        new Mailbox(
            s.substring(0, at),
            Domain.parse(s.substring(at + 1)).orElseThrow(SettingType::invalid));
    if (!mailbox.toString().startsWith(s.substring(0, at + 1))) {
      throw invalid();
    }
    return mailbox;
  }
}

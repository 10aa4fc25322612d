package org.sealwax.mail.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 9112 from the side of a client that trusts no server. */
final class HttpResponseTest {
  private static final int MAX = 20;

  private static HttpResponse read(String wire) throws IOException {
    return new HttpReader(new ByteArrayInputStream(wire.getBytes(StandardCharsets.ISO_8859_1)), MAX)
        .response();
  }

  private static String body(String wire) throws IOException {
    return new String(read(wire).body(), StandardCharsets.ISO_8859_1);
  }

  @Test
  void contentEndsByLengthByChunksOrWithTheConnection() throws IOException {
    assertEquals("hello", body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"));
    assertEquals("hello", body("HTTP/1.1 200 OK\nContent-Length:5\n\nhello"));
    assertEquals("hello", body("HTTP/1.0 200\r\n\r\nhello"));
    assertEquals(
        "hello, you",
        body(
            String.join(
                "\r\n",
                "HTTP/1.1 200 OK",
                "Transfer-Encoding: Chunked",
                "",
                "5",
                "hello",
                "05;ext=\"x\"",
                ", you",
                "0",
                "Trailer: x",
                "",
                "")));
    assertEquals("", body("HTTP/1.1 204 No Content\r\n\r\n"));
    assertEquals("", body("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"));
  }

  @Test
  void interimAnswersArePassedOver() throws IOException {
    String interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    String last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assertEquals("ok", body(interim.repeat(HttpReader.MAX_INTERIM) + last));
    assertThrows(
        MalformedHttp.class, () -> read(interim.repeat(HttpReader.MAX_INTERIM + 1) + last));
  }

  @Test
  void fieldsAreReadInAnyCase() throws IOException {
    HttpResponse reply =
        read("HTTP/1.1 302 Found\r\nLOCATION:  https://x.example/ \r\nX: 1\r\nx: 2\r\n\r\n");
    assertEquals(302, reply.status());
    assertEquals("https://x.example/", reply.field("location").orElseThrow());
    assertEquals(
        java.util.List.of("1", "2"),
        reply.fields().stream().filter(f -> f.name().equals("x")).map(HttpField::value).toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\u0000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\nh\r\n0\r\n\r\n",
      })
  void whatCanBeReadInTwoWaysIsNotRead(String wire) {
    assertThrows(MalformedHttp.class, () -> read(wire));
  }

  @Test
  void contentIsBounded() throws IOException {
    String full = "x".repeat(MAX);
    assertEquals(full, body("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + full));
    assertEquals(full, body("HTTP/1.1 200 OK\r\n\r\n" + full));
    String chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assertEquals(full, body(chunked + "a\r\nxxxxxxxxxx\r\nA\r\nxxxxxxxxxx\r\n0\r\n\r\n"));
    for (String over :
        new String[] {
          "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + full + "x",
          "HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\n" + full + "x",
          chunked + "15\r\n" + full + "x\r\n0\r\n\r\n",
          chunked + "ffffffff\r\n",
          chunked + "a\r\nxxxxxxxxxx\r\nb\r\nxxxxxxxxxxx\r\n0\r\n\r\n",
        }) {
      assertThrows(OversizedHttp.class, () -> read(over));
    }
  }

  @Test
  void theHeadIsBounded() throws IOException {
    String line = "A: b\r\n";
    String start = "HTTP/1.1 200 OK\r\n";
    read(start + line.repeat(HttpReader.MAX_FIELDS) + "\r\n");
    assertThrows(
        MalformedHttp.class, () -> read(start + line.repeat(HttpReader.MAX_FIELDS + 1) + "\r\n"));
    String rest = "A: " + "b".repeat(HttpReader.MAX_HEAD - start.length() - 7) + "\r\n\r\n";
    assertEquals(HttpReader.MAX_HEAD, (start + rest).length());
    read(start + rest);
    assertThrows(MalformedHttp.class, () -> read(start + "A" + rest));
  }
}

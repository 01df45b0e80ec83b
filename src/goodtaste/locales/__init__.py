"""One sentence for each refusal and notice, in Chinese and in English: a folder a language, a file a room."""

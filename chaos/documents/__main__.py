from chaos.documents import main

if __name__ == "__main__":
    main()
